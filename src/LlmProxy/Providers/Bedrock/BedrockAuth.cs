using System.Net.Http.Headers;
using LlmProxy.Configuration.Options;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>How the credential gets onto the request: a Bedrock API key as bearer token, else a signature by AWS keys.</summary>
internal sealed class BedrockAuth(TimeProvider time, AwsKeyRing chain)
{
    private const string BearerVariable = "AWS_BEARER_TOKEN_BEDROCK";

    /// <summary>What Bedrock's requests are signed for. https://docs.aws.amazon.com/general/latest/gr/bedrock.html</summary>
    private const string Service = "bedrock";

    public static string? BearerToken(LlmOptions llm)
    {
        if (llm.Auth.Get("bearer_token") is { } written)
        {
            return written;
        }

        // AWS's SDKs prefer this variable to everything but written keys.
        return llm.Auth.Get("access_key_id") is null && Environment.GetEnvironmentVariable(BearerVariable) is { Length: > 0 } token ? token.Trim() : null;
    }

    public ValueTask ApplyAsync(HttpRequestMessage request, LlmOptions llm, CancellationToken cancellation)
    {
        if (BearerToken(llm) is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return ValueTask.CompletedTask;
        }

        if (WrittenKeys(llm) is { } keys)
        {
            Sign(request, llm, keys);
            return ValueTask.CompletedTask;
        }

        ValueTask<AwsKeys> found = chain.GetAsync(cancellation);
        if (!found.IsCompletedSuccessfully)
        {
            return SignLaterAsync(request, llm, found);
        }

        Sign(request, llm, found.Result);
        return ValueTask.CompletedTask;
    }

    /// <summary>Keys of the chain that were refused may have been replaced.</summary>
    public void Refused(LlmOptions llm)
    {
        if (BearerToken(llm) is null && WrittenKeys(llm) is null)
        {
            chain.Forget();
        }
    }

    private static AwsKeys? WrittenKeys(LlmOptions llm) =>
        llm.Auth.Get("access_key_id") is { } id && llm.Auth.Get("secret_access_key") is { } secret ? new AwsKeys(id, secret, llm.Auth.Get("session_token")) : null;

    private async ValueTask SignLaterAsync(HttpRequestMessage request, LlmOptions llm, ValueTask<AwsKeys> keys) => Sign(request, llm, await keys);

    private void Sign(HttpRequestMessage request, LlmOptions llm, AwsKeys keys)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> body = request.Content switch
        {
            null => [],
            SplicedContent content => content.Segments,
            _ => throw new NotSupportedException("Only a body that lies in memory can be signed."),
        };
        string region = BedrockRegion.Of(llm, request.RequestUri!.Host) ?? "us-east-1";
        SignatureV4.Sign(request, body, keys, region, Service, time.GetUtcNow());
    }
}
