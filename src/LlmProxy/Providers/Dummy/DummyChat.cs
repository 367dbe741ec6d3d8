using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>POST chat/completions: reads what is asked and decides what the answer is.</summary>
internal static class DummyChat
{
    public static HttpResponseMessage Answer(DummyCall call, CancellationToken cancellation)
    {
        JsonElement root = call.Root;
        DummyPrompt prompt = Hear(root);
        IReadOnlyList<DummyTool> tools = Tools(root, prompt);
        JsonElement? choice = root.Field("tool_choice");
        string? chosen = choice?.Field("function")?.Text("name");
        IReadOnlyList<DummyToolCall> calls = DummyTools.Choose(tools, choice, chosen, !root.IsFalse("parallel_tool_calls"), prompt.Asked, prompt.ToolResult is not null);
        int? limit = root.Whole("max_completion_tokens", 1, int.MaxValue) ?? root.Whole("max_tokens", 1, int.MaxValue);
        string text = calls.Count > 0 ? "" : Structured(root, "response_format") ?? DummyText.Compose(prompt.Asked, prompt.ToolResult, call.Settings.Words);
        (text, bool isCut) = DummyText.Fit(text, Stops(root), limit);
        var answer = new DummyChatAnswer(call, text, calls)
        {
            FinishReason = calls.Count > 0 ? "tool_calls" : isCut ? "length" : "stop",
            Choices = root.Whole("n", 1, 128) ?? 1,
            PromptTokens = prompt.Tokens,
        };
        return call.IsStream
            ? DummyStream.Respond(call, answer.StreamAsync, cancellation)
            : DummyAnswers.Json(answer.Write);
    }

    public static IReadOnlyList<string> Stops(JsonElement root)
    {
        if (root.Field("stop") is not { } stop)
        {
            return [];
        }

        IEnumerable<JsonElement> written = stop.ValueKind == JsonValueKind.Array ? stop.EnumerateArray() : [stop];
        return [.. written
            .Select(s => s.ValueKind == JsonValueKind.String ? s.GetString()! : throw new DummyRefusal(400, "Invalid type for 'stop': expected a string or an array of strings.", "stop", "invalid_type"))
            .Where(s => s.Length > 0)];
    }

    /// <summary>The JSON that response_format asks for; null when it asks for text.</summary>
    private static string? Structured(JsonElement root, string field)
    {
        if (root.Field(field) is not { } format)
        {
            return null;
        }

        return format.Text("type") switch
        {
            "text" => null,
            "json_object" => DummyStructured.AnyObject(),
            "json_schema" => DummySchema.Fill(
                format.Field("json_schema")?.Field("schema") ?? throw new DummyRefusal(400, "Missing required parameter: 'response_format.json_schema.schema'.", "response_format.json_schema.schema", "missing_required_parameter")),
            string other => throw new DummyRefusal(400, $"Invalid value: '{other}'. Supported values are: 'text', 'json_object', and 'json_schema'.", "response_format.type", "invalid_value"),
            null => throw new DummyRefusal(400, "Missing required parameter: 'response_format.type'.", "response_format.type", "missing_required_parameter"),
        };
    }

    private static DummyPrompt Hear(JsonElement root)
    {
        var prompt = new DummyPrompt();
        bool isEmpty = true;
        foreach (JsonElement message in root.Items("messages"))
        {
            isEmpty = false;
            prompt.AddMessage(message.Text("role") ?? throw new DummyRefusal(400, "Missing required parameter: 'messages[].role'.", "messages", "missing_required_parameter"), message.Field("content"));
        }

        return isEmpty ? throw new DummyRefusal(400, "Missing required parameter: 'messages'.", "messages", "missing_required_parameter") : prompt;
    }

    private static List<DummyTool> Tools(JsonElement root, DummyPrompt prompt)
    {
        var tools = new List<DummyTool>();
        foreach (JsonElement tool in root.Items("tools"))
        {
            prompt.AddTokens(DummyText.Tokens(tool.GetRawText()));

            // Tools that are no functions cannot be called with arguments that mean anything.
            if (tool.Text("type") is null or "function")
            {
                JsonElement function = tool.Field("function") ?? throw new DummyRefusal(400, "Missing required parameter: 'tools[].function'.", "tools", "missing_required_parameter");
                tools.Add(new DummyTool(
                    function.Text("name") ?? throw new DummyRefusal(400, "Missing required parameter: 'tools[].function.name'.", "tools", "missing_required_parameter"),
                    function.Field("parameters")));
            }
        }

        return tools;
    }
}
