using System.Text.Json;
using System.Text.Unicode;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Pass;

/// <summary>
/// The models that a passed body names, wherever it does. Whoever gets the body may read it more leniently than the gateway
/// does (Go takes the last of two members, and "Model" for "model"): every member counts, and what is no plain JSON is not read at all.
/// </summary>
internal static class NamedModels
{
    private static readonly string[] Names = ["model", "models"];

    /// <summary>https://docs.ollama.com/api: pull and push, create, copy.</summary>
    private static readonly string[] OllamasNames = ["name", "from", "source"];

    /// <summary>What <paramref name="judge"/> says of the first model that is unfit; null: there is none.</summary>
    public static GatewayError? Check(ReadOnlySpan<byte> json, bool isOllamas, Func<string, GatewayError?> judge, GatewayError unreadable)
    {
        if (!Utf8.IsValid(json))
        {
            return unreadable;
        }

        try
        {
            var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
            bool isNamed = false;
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    isNamed = NamesAModel(ref reader, isOllamas && reader.CurrentDepth == 1);
                }
                else if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.EndObject or JsonTokenType.EndArray)
                {
                    isNamed = false;
                }
                else if (isNamed && reader.TokenType == JsonTokenType.String && judge(reader.GetString()!.Trim()) is { } unfit)
                {
                    return unfit;
                }
            }

            return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return unreadable; // The second: half a surrogate pair.
        }
    }

    private static bool NamesAModel(ref Utf8JsonReader reader, bool asOllamaDoes)
    {
        if (!reader.ValueIsEscaped && reader.ValueSpan.Length > 8)
        {
            return false;
        }

        string name = reader.GetString()!.Replace('ſ', 's'); // Go holds the long s for an s.
        return Names.Contains(name, StringComparer.OrdinalIgnoreCase) || (asOllamaDoes && OllamasNames.Contains(name, StringComparer.OrdinalIgnoreCase));
    }
}
