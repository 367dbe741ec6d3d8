using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;
using LlmProxy.Providers;

namespace LlmProxy.Routing;

/// <summary>
/// What an LLM's answers depend on beside the model's name, as one number that every process makes alike: provider, addresses,
/// what is sent unasked. Credentials are no part of it, so neither are headers: any of them may be one.
/// </summary>
internal static class Fingerprint
{
    public static UInt128 Of(LlmOptions options, string provider)
    {
        var text = new StringBuilder();
        Add(text, "provider", provider);
        IEnumerable<string> addresses = options.Destinations.Count > 0 ? options.Destinations.Order(StringComparer.Ordinal) : [options.BaseUrl];
        foreach (string address in addresses)
        {
            Add(text, "address", address);
        }

        foreach (string place in AuthNames.Places)
        {
            Add(text, place, options.Auth.Get(place) ?? "");
        }

        Add(text, "most", options.MaxOutputTokens.ToString(CultureInfo.InvariantCulture));
        foreach ((string name, JsonNode? value) in options.Config.OrderBy(field => field.Key, StringComparer.Ordinal))
        {
            Add(text, "config." + name, value?.ToJsonString() ?? "null");
        }

        return BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>Each value stands behind its length, so that no two texts run together into the same.</summary>
    private static void Add(StringBuilder text, string name, string value) =>
        text.Append(name).Append('=').Append(value.Length).Append(':').Append(value).Append('\n');
}
