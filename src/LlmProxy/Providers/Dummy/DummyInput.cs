using System.Globalization;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>One text to work on, given as words or as tokens.</summary>
internal readonly record struct DummyInput(string Text, int Tokens)
{
    /// <summary>A string, strings, tokens, or lists of tokens: the forms that prompt and input have.</summary>
    public static List<DummyInput> Read(JsonElement root, string name)
    {
        JsonElement value = root.Field(name) ?? throw new DummyRefusal(400, $"Missing required parameter: '{name}'.", name, "missing_required_parameter");
        var inputs = new List<DummyInput>();
        if (value.ValueKind == JsonValueKind.String)
        {
            inputs.Add(OfText(value.GetString()!));
        }
        else if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
        {
            if (value[0].ValueKind == JsonValueKind.Number)
            {
                inputs.Add(OfTokens(value, name));
            }
            else
            {
                foreach (JsonElement item in value.EnumerateArray())
                {
                    inputs.Add(item.ValueKind == JsonValueKind.String ? OfText(item.GetString()!) : OfTokens(item, name));
                }
            }
        }
        else
        {
            throw Invalid(name);
        }

        return inputs;
    }

    private static DummyInput OfText(string text) => new(text, DummyText.Tokens(text));

    private static DummyInput OfTokens(JsonElement array, string name)
    {
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() == 0)
        {
            throw Invalid(name);
        }

        IEnumerable<string> tokens = array.EnumerateArray().Select(token =>
            token.ValueKind == JsonValueKind.Number && token.TryGetInt64(out long number) ? number.ToString(CultureInfo.InvariantCulture) : throw Invalid(name));
        return new DummyInput(string.Join(' ', tokens), array.GetArrayLength());
    }

    private static DummyRefusal Invalid(string name) =>
        new(400, $"Invalid '{name}': expected a string, an array of strings, an array of tokens, or an array of token arrays, none of them empty.", name, "invalid_type");
}
