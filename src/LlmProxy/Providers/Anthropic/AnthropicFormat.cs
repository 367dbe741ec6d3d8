using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Anthropic;

internal enum FormatWay
{
    None,

    /// <summary>output_config.format</summary>
    Native,

    /// <summary>A tool that the model must call; its input is the answer.</summary>
    Tool,

    /// <summary>Words in the system prompt, where a tool cannot be forced.</summary>
    Words,
}

/// <summary>How a response_format is asked for: natively where model and schema allow it, else by a tool whose input is unwrapped.</summary>
internal readonly record struct AnthropicFormat(FormatWay Way, ReadOnlyMemory<byte> Schema = default)
{
    private const string ToolName = "answer_as_json";

    private static readonly byte[] AnyObject = """{"type":"object","additionalProperties":true}"""u8.ToArray();

    public static AnthropicFormat Decide(ChatTurn turn, ClaudeModel model, AnthropicDialect dialect)
    {
        AnswerFormat format = turn.Request.Format;
        turn.Fields.Take("response_format");
        if (format.Kind == AnswerFormatKind.Text)
        {
            return default;
        }

        if (format.Kind == AnswerFormatKind.JsonSchema && model.HasSchemas && dialect.HasSchemas
            && AnthropicSchema.Adapt(format.Schema, format.Description, out IReadOnlyList<string> lost) is { } native)
        {
            foreach (string keyword in lost)
            {
                turn.Fields.Drop("response_format.json_schema.schema." + keyword);
            }

            return new AnthropicFormat(FormatWay.Native, native);
        }

        ReadOnlyMemory<byte> schema = format.Kind == AnswerFormatKind.JsonSchema ? format.Schema : AnyObject;
        if (model.AlwaysThinks)
        {
            return new AnthropicFormat(FormatWay.Words, schema);
        }

        if (turn.Request.ToolChoice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named && turn.Request.Tools.Count > 0)
        {
            return default; // A tool will be called, and no answer given that could have a format.
        }

        turn.AnswerTool = FreeName(turn.Request.Tools);
        return new AnthropicFormat(FormatWay.Tool, schema);
    }

    public void WriteTool(Utf8JsonWriter json, ChatTurn turn)
    {
        AnswerFormat format = turn.Request.Format;
        json.WriteStartObject();
        json.WriteString("name"u8, turn.AnswerTool);
        string about = format.Description.ToString();
        json.WriteString("description"u8,
            "Gives your whole final answer. Its input is the answer itself: put the members of the JSON object directly into it, with nothing around them."
            + (about.Length > 0 ? "\n" + about : ""));
        json.WritePropertyName("input_schema"u8);
        AnthropicTools.WriteSchema(json, Schema);
        json.WriteEndObject();
    }

    /// <summary>What the system prompt says instead.</summary>
    public string Instruction() =>
        "Answer with one JSON object and nothing else: no words around it and no code fence."
        + (Schema.Span.SequenceEqual(AnyObject) ? "" : " It must be valid under this JSON schema:\n" + System.Text.Encoding.UTF8.GetString(Schema.Span));

    private static string FreeName(List<ChatTool> tools)
    {
        string name = ToolName;
        while (tools.Exists(tool => tool.Name.ToString() == name))
        {
            name += "_";
        }

        return name;
    }
}
