using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>POST responses: the newer form of a conversation, answered once and remembered by nobody.</summary>
internal static class DummyResponses
{
    public static HttpResponseMessage Answer(DummyCall call, CancellationToken cancellation)
    {
        JsonElement root = call.Root;
        DummyPrompt prompt = Hear(root);
        List<DummyTool> tools = Tools(root, prompt);
        JsonElement? choice = root.Field("tool_choice");
        IReadOnlyList<DummyToolCall> calls = DummyTools.Choose(tools, choice, choice?.Text("name"), !root.IsFalse("parallel_tool_calls"), prompt.Asked, prompt.ToolResult is not null);
        string text = calls.Count > 0 ? "" : Structured(root) ?? DummyText.Compose(prompt.Asked, prompt.ToolResult, call.Settings.Words);
        (text, bool isCut) = DummyText.Fit(text, [], root.Whole("max_output_tokens", 1, int.MaxValue));
        var answer = new DummyResponseAnswer(call, text, calls, isCut, prompt.Tokens);
        return call.IsStream
            ? DummyStream.Respond(call, answer.StreamAsync, cancellation)
            : DummyAnswers.Json(answer.Write);
    }

    public static HttpResponseMessage CountInput(DummyCall call)
    {
        DummyPrompt prompt = Hear(call.Root);
        Tools(call.Root, prompt);
        return DummyAnswers.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "response.input_tokens");
            json.WriteNumber("input_tokens", prompt.Tokens);
            json.WriteEndObject();
        });
    }

    private static DummyPrompt Hear(JsonElement root)
    {
        var prompt = new DummyPrompt();
        if (root.Field("instructions") is { } instructions)
        {
            prompt.AddMessage("system", instructions);
        }

        switch (root.Field("input"))
        {
            case null:
                break; // A stored prompt or an earlier response may be all there is.
            case { ValueKind: JsonValueKind.String } text:
                prompt.AddMessage("user", text);
                break;
            case { ValueKind: JsonValueKind.Array } items:
                foreach (JsonElement item in items.EnumerateArray())
                {
                    HearItem(prompt, item);
                }

                break;
            default:
                throw new DummyRefusal(400, "Invalid type for 'input': expected a string or an array.", "input", "invalid_type");
        }

        return prompt;
    }

    private static void HearItem(DummyPrompt prompt, JsonElement item)
    {
        if (item.Text("type") == "function_call_output")
        {
            prompt.AddMessage("tool", item.Field("output"));
        }
        else if (item.Text("role") is { } role)
        {
            prompt.AddMessage(role, item.Field("content"));
        }
    }

    private static List<DummyTool> Tools(JsonElement root, DummyPrompt prompt)
    {
        var tools = new List<DummyTool>();
        foreach (JsonElement tool in root.Items("tools"))
        {
            prompt.AddTokens(DummyText.Tokens(tool.GetRawText()));
            if (tool.Text("type") == "function")
            {
                tools.Add(new DummyTool(
                    tool.Text("name") ?? throw new DummyRefusal(400, "Missing required parameter: 'tools[].name'.", "tools", "missing_required_parameter"),
                    tool.Field("parameters")));
            }
        }

        return tools;
    }

    private static string? Structured(JsonElement root) => root.Field("text")?.Field("format") is not { } format
        ? null
        : format.Text("type") switch
        {
            "json_object" => DummyStructured.AnyObject(),
            "json_schema" => DummySchema.Fill(format.Field("schema") ?? throw new DummyRefusal(400, "Missing required parameter: 'text.format.schema'.", "text.format.schema", "missing_required_parameter")),
            _ => null,
        };
}
