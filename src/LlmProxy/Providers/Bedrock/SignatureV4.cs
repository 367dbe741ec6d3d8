using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LlmProxy.Providers.Bedrock;

/// <summary>Keys of an AWS identity.</summary>
internal sealed record AwsKeys(string AccessKeyId, string SecretAccessKey, string? SessionToken)
{
    public override string ToString() => $"AWS keys {AccessKeyId[..Math.Min(4, AccessKeyId.Length)]}…";
}

/// <summary>
/// Signs a request as AWS wants it (Signature Version 4). Written here because the signer of AWSSDK.Core takes only its
/// own request type with the body as one array. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
/// </summary>
internal static class SignatureV4
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    public static void Sign(HttpRequestMessage request, IReadOnlyList<ReadOnlyMemory<byte>> body, AwsKeys keys, string region, string service, DateTimeOffset now)
    {
        Uri uri = request.RequestUri!;
        string stamp = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string date = stamp[..8];

        // In the order of their names, as the canonical form has them.
        var signed = new List<(string Name, string Value)>(4);
        if (request.Content?.Headers.NonValidated.TryGetValues("Content-Type", out System.Net.Http.Headers.HeaderStringValues type) == true)
        {
            signed.Add(("content-type", type.ToString().Trim()));
        }

        signed.Add(("host", request.Headers.Host ?? uri.Authority));
        signed.Add(("x-amz-date", stamp));
        Set(request, "X-Amz-Date", stamp);
        request.Headers.Remove("X-Amz-Security-Token");
        if (keys.SessionToken is { } token)
        {
            signed.Add(("x-amz-security-token", token));
            Set(request, "X-Amz-Security-Token", token);
        }

        string names = string.Join(';', signed.Select(header => header.Name));
        var canonical = new StringBuilder(request.Method.Method).Append('\n')
            .Append(CanonicalPath(uri.AbsolutePath)).Append('\n')
            .Append(CanonicalQuery(uri.Query)).Append('\n');
        foreach ((string name, string value) in signed)
        {
            canonical.Append(name).Append(':').Append(value).Append('\n');
        }

        canonical.Append('\n').Append(names).Append('\n').Append(HashOf(body));
        string scope = $"{date}/{region}/{service}/aws4_request";
        string text = $"{Algorithm}\n{stamp}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToString())))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + keys.SecretAccessKey);
        foreach (string part in (ReadOnlySpan<string>)[date, region, service, "aws4_request"])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
        Set(request, "Authorization", $"{Algorithm} Credential={keys.AccessKeyId}/{scope}, SignedHeaders={names}, Signature={signature}");
    }

    private static void Set(HttpRequestMessage request, string name, string value)
    {
        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, value);
    }

    private static string HashOf(IReadOnlyList<ReadOnlyMemory<byte>> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (ReadOnlyMemory<byte> segment in body)
        {
            hash.AppendData(segment.Span);
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return Convert.ToHexStringLower(digest);
    }

    /// <summary>Every service but S3 wants the path as it is sent encoded once more: an ARN's "%3A" is signed as "%253A".</summary>
    private static string CanonicalPath(string path) =>
        path.Length <= 1 ? "/" : string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static string CanonicalQuery(string query)
    {
        if (query.Length <= 1)
        {
            return "";
        }

        IEnumerable<(string Name, string Value)> fields = query[1..].Split('&').Select(static field =>
        {
            int at = field.IndexOf('=', StringComparison.Ordinal);
            return at < 0 ? (Encoded(field), "") : (Encoded(field[..at]), Encoded(field[(at + 1)..]));
        });
        return string.Join('&', fields.OrderBy(field => field.Name, StringComparer.Ordinal).ThenBy(field => field.Value, StringComparer.Ordinal)
            .Select(field => $"{field.Name}={field.Value}"));
    }

    private static string Encoded(string text) => Uri.EscapeDataString(Uri.UnescapeDataString(text));
}
