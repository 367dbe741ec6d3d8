using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>tools and tool_choice of a Messages request.</summary>
internal static class MessagesToolReader
{
    public static GatewayError? ReadTools(ReadOnlyMemory<byte> value, ChatRequest request)
    {
        var tools = new JsonWalk(value);
        while (tools.Next())
        {
            ChatTool tool = ReadTool(tools.Value, request);
            if (tool.NativeType is null && tool.Name.IsEmpty)
            {
                return GatewayError.Missing($"tools[{tools.Index}].name", $"tools[{tools.Index}] has no \"name\".");
            }

            request.Tools.Add(tool);
        }

        return null;
    }

    public static GatewayError? ReadChoice(ReadOnlyMemory<byte> value, ChatRequest request)
    {
        ToolChoiceKind? kind = null;
        JsonText name = default;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("type"u8))
            {
                kind = members.Text() switch
                {
                    "auto" => ToolChoiceKind.Auto,
                    "any" => ToolChoiceKind.Required,
                    "none" => ToolChoiceKind.None,
                    "tool" => ToolChoiceKind.Named,
                    _ => null,
                };
            }
            else if (members.Is("name"u8) && members.IsString)
            {
                name = new JsonText(members.Value);
            }
            else if (members.Is("disable_parallel_tool_use"u8) && !members.IsNull)
            {
                request.ParallelToolCalls = !members.IsTrue;
                request.Fields.Add(new RequestField("parallel_tool_calls", "tool_choice.disable_parallel_tool_use", members.IsTrue ? "true"u8.ToArray() : "false"u8.ToArray()));
            }
        }

        if (kind is null)
        {
            return GatewayError.Invalid("tool_choice.type", "tool_choice.type must be auto, any, tool or none.");
        }

        request.ToolChoice = new ToolChoice(kind.Value, name);
        return kind == ToolChoiceKind.Named && name.IsEmpty
            ? GatewayError.Missing("tool_choice.name", "tool_choice of type tool must name the tool.")
            : null;
    }

    private static ChatTool ReadTool(ReadOnlyMemory<byte> value, ChatRequest request)
    {
        JsonText name = default;
        JsonText description = default;
        ReadOnlyMemory<byte> schema = default;
        ReadOnlyMemory<byte> mark = default;
        bool? strict = null;
        string? type = null;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("name"u8) && members.IsString)
            {
                name = new JsonText(members.Value);
            }
            else if (members.Is("description"u8) && members.IsString)
            {
                description = new JsonText(members.Value);
            }
            else if (members.Is("input_schema"u8) && members.IsObject)
            {
                schema = members.Value;
            }
            else if (members.Is("cache_control"u8) && members.IsObject)
            {
                mark = members.Value;
            }
            else if (members.Is("strict"u8) && !members.IsNull)
            {
                strict = members.IsTrue;
            }
            else if (members.Is("type"u8))
            {
                type = members.Text();
            }
            else if (members.Is("input_examples"u8) || members.Is("allowed_callers"u8))
            {
                // No vendor of another dialect has a place for them. What only says how the tool is loaded or streamed
                // (defer_loading, eager_input_streaming) changes nothing where every tool is there from the start.
                AddOnce($"tools[].{members.Name()}", members.Value, request);
            }
        }

        return new ChatTool
        {
            Name = name,
            Description = description,
            Parameters = schema,
            Strict = strict,
            CacheControl = mark,
            NativeType = type is null or "custom" ? null : type,
            Raw = value,
        };
    }

    private static void AddOnce(string path, ReadOnlyMemory<byte> value, ChatRequest request)
    {
        if (!request.Fields.Exists(field => field.Name == path) && !value.Span.SequenceEqual("null"u8) && !value.Span.SequenceEqual("[\"direct\"]"u8))
        {
            request.Fields.Add(new RequestField(path, path, value));
        }
    }
}
