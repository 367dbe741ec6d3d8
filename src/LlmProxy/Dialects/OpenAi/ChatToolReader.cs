using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>tools and tool_choice of chat completions, and functions and function_call of before.</summary>
internal static class ChatToolReader
{
    public static GatewayError? ReadTools(ReadOnlyMemory<byte> value, ChatRequest request)
    {
        var tools = new JsonWalk(value);
        while (tools.Next())
        {
            string path = $"tools[{tools.Index}]";
            ReadOnlyMemory<byte> function = default;
            ReadOnlyMemory<byte> mark = default;
            string? type = null;
            string? first = null;
            var members = new JsonWalk(tools.Value);
            while (members.Next())
            {
                first ??= members.Name();
                if (members.Is("type"u8))
                {
                    type = members.Text();
                }
                else if (members.Is("function"u8) && members.IsObject)
                {
                    function = members.Value;
                }
                else if (members.Is("cache_control"u8) && members.IsObject)
                {
                    mark = members.Value;
                }
            }

            // Google's clients write its own tools without a type: {"google_search": {}}.
            type ??= function.IsEmpty && first is not ("name" or "description" or "parameters") ? first : null;
            if (type is not null && type != "function")
            {
                request.Tools.Add(new ChatTool { NativeType = type, Raw = tools.Value });
                continue;
            }

            ChatTool tool = ReadFunction(function, tools.Value, mark);
            if (tool.Name.IsEmpty)
            {
                return GatewayError.Missing($"{path}.function.name", $"{path} has no \"function\" with a \"name\".");
            }

            request.Tools.Add(tool);
        }

        return null;
    }

    public static GatewayError? ReadFunctions(ReadOnlyMemory<byte> value, ChatRequest request)
    {
        var functions = new JsonWalk(value);
        while (functions.Next())
        {
            ChatTool tool = ReadFunction(functions.Value, functions.Value, default);
            if (tool.Name.IsEmpty)
            {
                return GatewayError.Missing($"functions[{functions.Index}].name", $"functions[{functions.Index}] has no \"name\".");
            }

            request.Tools.Add(tool);
        }

        return null;
    }

    public static GatewayError? ReadChoice(string name, ref JsonWalk field, ChatRequest request)
    {
        if (field.IsString)
        {
            ToolChoiceKind? kind = field.Text() switch
            {
                "auto" => ToolChoiceKind.Auto,
                "none" => ToolChoiceKind.None,
                "required" or "any" => ToolChoiceKind.Required,
                _ => null,
            };
            request.ToolChoice = new ToolChoice(kind ?? ToolChoiceKind.Unsaid);
            return kind is null ? GatewayError.Invalid(name, $"The field \"{name}\" must be auto, none, required, or name a function.") : null;
        }

        return ReadNamed(name, field.Value, request);
    }

    private static GatewayError? ReadNamed(string name, ReadOnlyMemory<byte> value, ChatRequest request)
    {
        JsonText function = default;
        List<string>? allowed = null;
        ToolChoiceKind kind = ToolChoiceKind.Named;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("name"u8) && members.IsString)
            {
                function = new JsonText(members.Value);
            }
            else if (members.Is("function"u8) || members.Is("custom"u8))
            {
                function = NameIn(members.Value);
            }
            else if (members.Is("allowed_tools"u8))
            {
                kind = ReadAllowed(members.Value, allowed = []);
            }
        }

        request.ToolChoice = new ToolChoice(kind, function, allowed);
        return function.IsEmpty && allowed is null
            ? GatewayError.Invalid(name, $"The field \"{name}\" must be auto, none, required, or an object that names a function.")
            : null;
    }

    private static ToolChoiceKind ReadAllowed(ReadOnlyMemory<byte> value, List<string> allowed)
    {
        ToolChoiceKind kind = ToolChoiceKind.Auto;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("mode"u8))
            {
                kind = members.Text() == "required" ? ToolChoiceKind.Required : ToolChoiceKind.Auto;
            }
            else if (members.Is("tools"u8))
            {
                var tools = new JsonWalk(members.Value);
                while (tools.Next())
                {
                    var tool = new JsonWalk(tools.Value);
                    while (tool.Next())
                    {
                        JsonText name = tool.Is("function"u8) ? NameIn(tool.Value) : tool.Is("name"u8) && tool.IsString ? new JsonText(tool.Value) : default;
                        if (!name.IsEmpty)
                        {
                            allowed.Add(name.ToString());
                        }
                    }
                }
            }
        }

        return kind;
    }

    private static JsonText NameIn(ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("name"u8) && members.IsString)
            {
                return new JsonText(members.Value);
            }
        }

        return default;
    }

    private static ChatTool ReadFunction(ReadOnlyMemory<byte> function, ReadOnlyMemory<byte> raw, ReadOnlyMemory<byte> mark)
    {
        JsonText name = default;
        JsonText description = default;
        ReadOnlyMemory<byte> parameters = default;
        bool? strict = null;
        if (!function.IsEmpty)
        {
            var members = new JsonWalk(function);
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
                else if (members.Is("parameters"u8) && members.IsObject)
                {
                    parameters = members.Value;
                }
                else if (members.Is("strict"u8) && !members.IsNull)
                {
                    strict = members.IsTrue;
                }
                else if (members.Is("cache_control"u8) && members.IsObject)
                {
                    mark = members.Value;
                }
            }
        }

        return new ChatTool { Name = name, Description = description, Parameters = parameters, Strict = strict, CacheControl = mark, Raw = raw };
    }
}
