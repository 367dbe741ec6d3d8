using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Wire;

namespace LlmProxy.Pipeline;

/// <summary>The few fields of a JSON request that decide what happens to it, found in one pass and without a tree.</summary>
internal sealed class RequestPeek
{
    public JsonMembers Members { get; } = new();

    /// <summary>What the client asked for; null when it named nothing.</summary>
    public string? Model { get; private set; }

    public int ModelMember { get; private set; } = -1;

    /// <summary>The address names the model; Azure's clients send an empty one in the body.</summary>
    public bool ModelIsAddressed { get; init; }

    public bool IsStream { get; private set; }

    public int StreamMember { get; private set; } = -1;

    public int StreamOptionsMember { get; private set; } = -1;

    /// <summary>stream_options.include_usage was asked for by the client.</summary>
    public bool WantsUsage { get; private set; }

    public int WishesMember { get; private set; } = -1;

    public string? User { get; private set; }

    /// <summary>Reads the body; a value says what is wrong with it.</summary>
    public GatewayError? Read(EndpointKind endpoint, ReadOnlySpan<byte> json)
    {
        if (!System.Text.Unicode.Utf8.IsValid(json))
        {
            return new GatewayError(ErrorCode.InvalidJson, "The request body is not valid UTF-8.");
        }

        try
        {
            Members.Read(json);
        }
        catch (JsonException e)
        {
            return new GatewayError(ErrorCode.InvalidJson, json.IsEmpty
                ? "The request body is empty. Send a JSON object."
                : $"The request body is not a valid JSON object (line {e.LineNumber + 1 ?? 1}, byte {e.BytePositionInLine + 1 ?? 1}): check quotes, commas, braces and that it is not nested deeper than {JsonMembers.MaxDepth}.");
        }

        bool hasRequired = endpoint.RequiredField is null;
        ReadOnlySpan<byte> required = endpoint.RequiredFieldUtf8;
        for (int i = 0; i < Members.Count; i++)
        {
            if (ReadMember(endpoint, json, i, required, ref hasRequired) is { } error)
            {
                return error;
            }
        }

        return hasRequired ? null : GatewayError.Missing(endpoint.RequiredField!, $"The field \"{endpoint.RequiredField}\" is missing.");
    }

    private GatewayError? ReadMember(EndpointKind endpoint, ReadOnlySpan<byte> json, int i, ReadOnlySpan<byte> required, ref bool hasRequired)
    {
        ref readonly JsonMember member = ref Members[i];
        if (Members.NameIs(json, i, "model"u8))
        {
            return ReadModel(json, i);
        }

        if (Members.NameIs(json, i, "stream"u8))
        {
            return ReadStream(json, i);
        }

        if (Members.NameIs(json, i, "stream_options"u8))
        {
            return ReadStreamOptions(json, i);
        }

        if (Members.NameIs(json, i, "llm"u8))
        {
            if (WishesMember >= 0)
            {
                return Twice("llm");
            }

            WishesMember = i;
            return null;
        }

        if (member.Kind == JsonTokenType.String && member.ValueEnd - member.ValueStart <= 514 && Members.NameIs(json, i, "user"u8))
        {
            User = Text(json, i);
            return null;
        }

        if (!required.IsEmpty && Members.NameIs(json, i, required))
        {
            if (hasRequired)
            {
                return Twice(endpoint.RequiredField!);
            }

            hasRequired = true;
            return CheckRequired(json, i, endpoint.RequiredField!);
        }

        return null;
    }

    private GatewayError? ReadModel(ReadOnlySpan<byte> json, int i)
    {
        if (ModelMember >= 0)
        {
            return Twice("model");
        }

        ModelMember = i;
        ref readonly JsonMember member = ref Members[i];
        if (member.Kind == JsonTokenType.Null)
        {
            return null;
        }

        if (member.Kind != JsonTokenType.String)
        {
            return GatewayError.Invalid("model", "The field \"model\" must be a string.");
        }

        if (member.ValueEnd - member.ValueStart > 1026)
        {
            return GatewayError.Invalid("model", "The field \"model\" is longer than 1024 bytes.");
        }

        string model = Text(json, i).Trim();
        if (model.Length == 0)
        {
            return ModelIsAddressed ? null : GatewayError.Invalid("model", "The field \"model\" is empty. Name a model, or leave it out for the gateway's choice.");
        }

        Model = model;
        return null;
    }

    private GatewayError? ReadStream(ReadOnlySpan<byte> json, int i)
    {
        if (StreamMember >= 0)
        {
            return Twice("stream");
        }

        StreamMember = i;
        JsonTokenType kind = Members[i].Kind;
        IsStream = kind == JsonTokenType.True;
        return kind is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null
            ? null
            : GatewayError.Invalid("stream", "The field \"stream\" must be true or false.");
    }

    private GatewayError? ReadStreamOptions(ReadOnlySpan<byte> json, int i)
    {
        if (StreamOptionsMember >= 0)
        {
            return Twice("stream_options");
        }

        StreamOptionsMember = i;
        ref readonly JsonMember member = ref Members[i];
        if (member.Kind == JsonTokenType.Null)
        {
            return null;
        }

        if (member.Kind != JsonTokenType.StartObject)
        {
            return GatewayError.Invalid("stream_options", "The field \"stream_options\" must be an object.");
        }

        var reader = new Utf8JsonReader(member.Value(json));
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isUsage = reader.ValueTextEquals("include_usage"u8);
            reader.Read();
            if (isUsage)
            {
                WantsUsage = reader.TokenType == JsonTokenType.True;
            }

            reader.Skip();
        }

        return null;
    }

    private GatewayError? CheckRequired(ReadOnlySpan<byte> json, int i, string field)
    {
        ref readonly JsonMember member = ref Members[i];
        if (field == "messages")
        {
            if (member.Kind != JsonTokenType.StartArray)
            {
                return GatewayError.Invalid(field, "The field \"messages\" must be an array of messages.");
            }

            // The first one is enough to catch a wrong shape; the vendor judges the rest, and its contents.
            return FirstIn(member.Value(json)) switch
            {
                (byte)']' => GatewayError.Invalid(field, "The field \"messages\" must hold at least one message."),
                (byte)'{' => null,
                _ => GatewayError.Invalid("messages[0]", "messages[0] must be an object with \"role\" and \"content\"."),
            };
        }

        if (member.Kind is JsonTokenType.Null)
        {
            return GatewayError.Missing(field, $"The field \"{field}\" is missing.");
        }

        bool isText = member.Kind is JsonTokenType.String or JsonTokenType.StartArray || (field == "query" && member.Kind == JsonTokenType.StartObject);
        if (!isText)
        {
            return GatewayError.Invalid(field, $"The field \"{field}\" must be a string or an array.");
        }

        return member.Kind == JsonTokenType.StartArray && FirstIn(member.Value(json)) == (byte)']'
            ? GatewayError.Invalid(field, $"The field \"{field}\" must not be empty.")
            : null;
    }

    /// <summary>What the array's first item begins with, or the bracket that closes it.</summary>
    private static byte FirstIn(ReadOnlySpan<byte> array)
    {
        int at = array[1..].IndexOfAnyExcept(" \t\r\n"u8);
        return array[1 + at];
    }

    private string Text(ReadOnlySpan<byte> json, int i)
    {
        ReadOnlySpan<byte> value = Members[i].Value(json);
        if (!value.Contains((byte)'\\'))
        {
            return System.Text.Encoding.UTF8.GetString(value[1..^1]);
        }

        var reader = new Utf8JsonReader(value);
        reader.Read();
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate written as \ud800: no name that anything here has.
            return "\uFFFD";
        }
    }

    private static GatewayError Twice(string field) =>
        GatewayError.Invalid(field, $"The field \"{field}\" is given twice. Send it once.");
}
