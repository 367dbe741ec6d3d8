using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.Anthropic;

namespace LlmProxy.Providers.Bedrock;

internal enum BedrockFormatWay
{
    None,

    /// <summary>outputConfig.textFormat</summary>
    Native,

    /// <summary>A tool that the model must call; its input is the answer.</summary>
    Tool,

    /// <summary>Words in the system prompt, where a tool cannot be forced.</summary>
    Words,
}

/// <summary>How a response_format is asked for. https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html</summary>
internal readonly record struct BedrockFormat(BedrockFormatWay Way, ReadOnlyMemory<byte> Schema = default)
{
    private const string ToolName = "answer_as_json";

    private static readonly byte[] AnyObject = """{"type":"object","additionalProperties":true}"""u8.ToArray();

    public static BedrockFormat Decide(ChatTurn turn, BedrockModel model)
    {
        AnswerFormat format = turn.Request.Format;
        turn.Fields.Take("response_format");
        if (format.Kind == AnswerFormatKind.Text || !turn.Fields.Look("outputConfig").IsEmpty)
        {
            return default; // With Converse's own words for it, these are what counts.
        }

        if (format.Kind == AnswerFormatKind.JsonSchema && model.HasSchemas
            && AnthropicSchema.Adapt(format.Schema, format.Description, out IReadOnlyList<string> lost) is { } native)
        {
            foreach (string keyword in lost)
            {
                turn.Fields.Drop("response_format.json_schema.schema." + keyword);
            }

            return new BedrockFormat(BedrockFormatWay.Native, native);
        }

        ReadOnlyMemory<byte> schema = format.Kind == AnswerFormatKind.JsonSchema ? format.Schema : AnyObject;
        bool mustCall = turn.Request.ToolChoice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named && turn.Request.Tools.Count > 0;
        if (!model.CanForceTools)
        {
            return new BedrockFormat(BedrockFormatWay.Words, schema);
        }

        if (mustCall)
        {
            return default; // A tool will be called, and no answer given that could have a format.
        }

        string name = ToolName;
        while (turn.Request.Tools.Exists(tool => tool.Name.ToString() == name))
        {
            name += "_";
        }

        turn.AnswerTool = name;
        return new BedrockFormat(BedrockFormatWay.Tool, schema);
    }

    public void WriteNative(Utf8JsonWriter json, ChatTurn turn)
    {
        if (BedrockExtras.Pass(json, turn, "outputConfig") || Way != BedrockFormatWay.Native)
        {
            return;
        }

        AnswerFormat format = turn.Request.Format;
        json.WriteStartObject("outputConfig"u8);
        json.WriteStartObject("textFormat"u8);
        json.WriteString("type"u8, "json_schema"u8);
        json.WriteStartObject("structure"u8);
        json.WriteStartObject("jsonSchema"u8);
        json.WriteString("schema"u8, Schema.Span); // As a text, not as an object.
        json.WritePropertyName("name"u8);
        (format.Name.IsEmpty ? JsonText.Of("answer") : format.Name).WriteTo(json);
        if (!format.Description.IsEmpty)
        {
            json.WritePropertyName("description"u8);
            format.Description.WriteTo(json);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public void WriteTool(Utf8JsonWriter json, ChatTurn turn)
    {
        string about = turn.Request.Format.Description.ToString();
        BedrockTools.Begin(json, JsonText.Of(turn.AnswerTool!), JsonText.Of(
            "Gives your whole final answer. Its input is the answer itself: put the members of the JSON object directly into it, with nothing around them."
            + (about.Length > 0 ? "\n" + about : "")));
        AnthropicTools.WriteSchema(json, Schema);
        BedrockTools.End(json, isStrict: false);
    }

    /// <summary>What the system prompt says instead.</summary>
    public string Instruction() =>
        "Answer with one JSON object and nothing else: no words around it and no code fence."
        + (Schema.Span.SequenceEqual(AnyObject) ? "" : " It must be valid under this JSON schema:\n" + System.Text.Encoding.UTF8.GetString(Schema.Span));
}
