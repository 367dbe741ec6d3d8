using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Reads an embeddings request into the texts that other vendors are given.</summary>
internal static class EmbeddingReader
{
    /// <summary>OpenAI's own limit; without one a single small body could become a flood of calls.</summary>
    private const int MostInputs = 2048;

    public static GatewayError? Read(ReadOnlyMemory<byte> body, string? model, EmbeddingRequest request)
    {
        GatewayError? wrong = null;
        var fields = new JsonWalk(body);
        while (wrong is null && fields.Next())
        {
            string name = fields.Name();
            if (name is "model" or "llm")
            {
                continue;
            }

            if (name == "input")
            {
                wrong = ReadInput(ref fields, model, request);
                continue;
            }

            request.Fields.Add(new RequestField(name == "task_type" ? "input_type" : name, name, fields.Value));
            if (!fields.IsNull)
            {
                wrong = ReadField(name, ref fields, request);
            }
        }

        return wrong;
    }

    private static GatewayError? ReadField(string name, ref JsonWalk field, EmbeddingRequest request)
    {
        switch (name)
        {
            case "dimensions":
                request.Dimensions = field.Number();
                return request.Dimensions is > 0 and <= int.MaxValue ? null : GatewayError.Invalid(name, "The field \"dimensions\" must be a whole number above 0.");
            case "encoding_format":
                string? format = field.IsString ? field.Text() : null;
                request.WantsBase64 = format == "base64";
                return format is "float" or "base64" ? null : GatewayError.Invalid(name, "The field \"encoding_format\" must be \"float\" or \"base64\".");
            case "input_type" or "task_type":
                request.Purpose = field.IsString ? new JsonText(field.Value) : default;
                return field.IsString ? null : GatewayError.Invalid(name, $"The field \"{name}\" must be a string.");
            case "user":
                return field.IsString ? null : GatewayError.Invalid(name, "The field \"user\" must be a string.");
            default:
                return null;
        }
    }

    private static GatewayError? ReadInput(ref JsonWalk input, string? model, EmbeddingRequest request)
    {
        if (input.IsString)
        {
            return AddText(input.Value, "input", request);
        }

        var items = new JsonWalk(input.Value);
        if (!input.IsArray || !items.Next())
        {
            return GatewayError.Invalid("input", "The field \"input\" must be a string, an array of strings, an array of token numbers, or an array of such arrays, and not empty.");
        }

        if (items.Kind == System.Text.Json.JsonTokenType.Number)
        {
            return AddTokens(input.Value, "input", model, request);
        }

        bool areTexts = items.IsString;
        GatewayError? wrong;
        do
        {
            string place = $"input[{items.Index}]";
            wrong = items.Index == MostInputs ? GatewayError.Invalid("input", $"The field \"input\" holds more than {MostInputs} texts. Send them in several calls.")
                : areTexts && items.IsString ? AddText(items.Value, place, request)
                : !areTexts && items.IsArray ? AddTokens(items.Value, place, model, request)
                : GatewayError.Invalid(place, areTexts || items.IsString
                    ? $"{place} is of another kind than input[0]: texts and arrays of token numbers cannot be mixed."
                    : $"{place} must be a string or an array of token numbers.");
        }
        while (wrong is null && items.Next());
        return wrong;
    }

    private static GatewayError? AddText(ReadOnlyMemory<byte> value, string place, EmbeddingRequest request)
    {
        var text = new JsonText(value);
        request.Inputs.Add(new EmbeddingInput(text, default));
        return text.IsEmpty ? GatewayError.Invalid(place, $"{place} must not be an empty text.") : null;
    }

    private static GatewayError? AddTokens(ReadOnlyMemory<byte> value, string place, string? model, EmbeddingRequest request)
    {
        GatewayError? wrong = EmbeddingTokens.Read(value, place, model, out string text);
        request.Inputs.Add(new EmbeddingInput(JsonText.Of(text), value));
        return wrong;
    }
}
