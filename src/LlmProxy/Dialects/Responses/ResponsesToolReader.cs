using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>tools and tool_choice of a Responses request. Functions and custom tools are told on; what OpenAI runs itself is not.</summary>
internal static class ResponsesToolReader
{
    public static GatewayError? ReadTools(ReadOnlyMemory<byte> value, ChatRequest request)
    {
        var tools = new JsonWalk(value);
        while (tools.Next())
        {
            if (ReadTool(tools.Value, $"tools[{tools.Index}]", request) is { } wrong)
            {
                return wrong;
            }
        }

        if (request.Tools.Count > 0)
        {
            request.Fields.Add(new RequestField("tools", "tools", value));
        }

        return null;
    }

    public static GatewayError? ReadChoice(ref JsonWalk field, ChatRequest request)
    {
        string? word = field.IsString ? field.Text() : null;
        if (word is "auto" or "none" or "required")
        {
            request.ToolChoice = new ToolChoice(word == "auto" ? ToolChoiceKind.Auto : word == "none" ? ToolChoiceKind.None : ToolChoiceKind.Required);
            return null;
        }

        return field.IsObject ? ReadObject(field.Value, request) : Wrong();
    }

    private static GatewayError? ReadTool(ReadOnlyMemory<byte> value, string path, ChatRequest request)
    {
        string? type = null;
        JsonText name = default;
        JsonText description = default;
        ReadOnlyMemory<byte> parameters = default;
        ReadOnlyMemory<byte> format = default;
        ReadOnlyMemory<byte> mark = default;
        bool? strict = null;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            type = members.Is("type"u8) ? members.Text() : type;
            name = members.Is("name"u8) && members.IsString ? new JsonText(members.Value) : name;
            description = members.Is("description"u8) && members.IsString ? new JsonText(members.Value) : description;
            parameters = members.Is("parameters"u8) && members.IsObject ? members.Value : parameters;
            format = members.Is("format"u8) && members.IsObject ? members.Value : format;
            mark = members.Is("cache_control"u8) && members.IsObject ? members.Value : mark;
            strict = members.Is("strict"u8) && !members.IsNull ? members.IsTrue : strict;
        }

        if (type is not ("function" or "custom"))
        {
            // Nobody takes a field of this name: the client is told that the tool is not there.
            string shown = type is null ? path : $"{path} ({type})";
            request.Fields.Add(new RequestField("responses." + path, shown, value));
            return type is null ? GatewayError.Invalid($"{path}.type", $"{path} must be an object with a \"type\".") : null;
        }

        if (name.IsEmpty)
        {
            return GatewayError.Missing($"{path}.name", $"{path} has no \"name\".");
        }

        if (type == "custom")
        {
            if (!format.IsEmpty && !ResponsesItems.Type(format).Is("text"u8))
            {
                request.Fields.Add(new RequestField("responses." + path, $"{path}.format", format));
            }

            request.Tools.Add(CustomTools.ToFunction(name, description, value));
            return null;
        }

        request.Tools.Add(new ChatTool { Name = name, Description = description, Parameters = parameters, Strict = strict, CacheControl = mark, Raw = value });
        return null;
    }

    private static GatewayError? ReadObject(ReadOnlyMemory<byte> value, ChatRequest request)
    {
        string? type = null;
        JsonText name = default;
        ToolChoiceKind mode = ToolChoiceKind.Auto;
        List<string> allowed = [];
        var members = new JsonWalk(value);
        while (members.Next())
        {
            type = members.Is("type"u8) ? members.Text() : type;
            name = members.Is("name"u8) && members.IsString ? new JsonText(members.Value) : name;
            mode = members.Is("mode"u8) && members.Text() == "required" ? ToolChoiceKind.Required : mode;
            if (members.Is("tools"u8))
            {
                var tools = new JsonWalk(members.Value);
                while (tools.Next())
                {
                    JsonText tool = ResponsesItems.Text(tools.Value, "name"u8);
                    if (!tool.IsEmpty)
                    {
                        allowed.Add(tool.ToString());
                    }
                }
            }
        }

        switch (type)
        {
            case "function" or "custom" when !name.IsEmpty:
                request.ToolChoice = new ToolChoice(ToolChoiceKind.Named, name);
                return null;
            case "allowed_tools" when allowed.Count > 0:
                request.ToolChoice = new ToolChoice(mode, default, allowed);
                return null;
            case null or "function" or "custom":
                return Wrong();
            default:
                throw ResponsesReader.Refused("tool_choice", $"it demands {type}, which only such a vendor can run.");
        }
    }

    private static GatewayError Wrong() =>
        GatewayError.Invalid("tool_choice", "The field \"tool_choice\" must be auto, none, required, or an object that names a function.");
}
