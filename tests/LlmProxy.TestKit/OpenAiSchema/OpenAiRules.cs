using System.Text.Json;

namespace LlmProxy.TestKit.OpenAiSchema;

/// <summary>
/// OpenAI's published answers as rules: https://platform.openai.com/docs/api-reference/chat (CreateChatCompletionResponse,
/// CreateChatCompletionStreamResponse), embeddings, errors. Each method gives what is wrong; nothing is right.
/// </summary>
public static class OpenAiRules
{
    private static readonly string[] FinishReasons = ["stop", "length", "tool_calls", "content_filter", "function_call"];

    public static IReadOnlyList<string> Completion(string json, Extensions? allowed = null)
    {
        var problems = new List<string>();
        if (Parse(json, problems) is not { } root)
        {
            return problems;
        }

        Extensions extensions = allowed ?? Extensions.Gateway;
        var shape = new JsonShape(root, "answer", problems);
        Head(shape, "chat.completion", extensions);
        Each(shape.List("choices"), "choices", problems, (choice, position) =>
        {
            shape.Check(choice.Number("index") is { } index && index == position, $"{choice.Path}.index is not {position}");
            choice.Text("finish_reason", values: FinishReasons);
            if (choice.Find("logprobs") is null)
            {
                choice.Check(false, "logprobs is missing");
            }

            choice.Object("logprobs", isNullable: true);
            if (choice.Object("message") is { } message)
            {
                Message(new JsonShape(message, choice.Path + ".message", problems), extensions);
            }

            Close(choice, extensions);
        });
        shape.Check(shape.Find("choices") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() > 0, "choices is empty");
        if (shape.Object("usage", isRequired: false) is { } usage)
        {
            Usage(new JsonShape(usage, "usage", problems), extensions);
        }

        Close(shape, extensions);
        return problems;
    }

    public static IReadOnlyList<string> Chunk(string json, Extensions? allowed = null)
    {
        var problems = new List<string>();
        if (Parse(json, problems) is { } root)
        {
            Chunk(root, allowed ?? Extensions.Gateway, problems);
        }

        return problems;
    }

    public static IReadOnlyList<string> Embeddings(string json, bool isBase64)
    {
        var problems = new List<string>();
        if (Parse(json, problems) is not { } root)
        {
            return problems;
        }

        var shape = new JsonShape(root, "answer", problems);
        shape.Text("object", values: "list");
        shape.Text("model");
        Each(shape.List("data"), "data", problems, (item, position) =>
        {
            item.Text("object", values: "embedding");
            item.Check(item.Number("index") == position, $"index is not {position}");
            if (isBase64)
            {
                string? text = item.Text("embedding");
                item.Check(text is null || Convert.TryFromBase64String(text, new byte[text.Length], out int bytes) && bytes % 4 == 0, "embedding is not base64 of floats");
            }
            else
            {
                item.List("embedding");
            }

            item.RefuseOthers();
        });
        if (shape.Object("usage") is { } usage)
        {
            var counts = new JsonShape(usage, "usage", problems);
            counts.Number("prompt_tokens");
            counts.Number("total_tokens");
        }

        shape.Allow("id", "created", "llm");
        shape.RefuseOthers();
        return problems;
    }

    public static IReadOnlyList<string> Error(string json)
    {
        var problems = new List<string>();
        if (Parse(json, problems) is not { } root)
        {
            return problems;
        }

        var shape = new JsonShape(root, "answer", problems);
        if (shape.Object("error") is { } inner)
        {
            var error = new JsonShape(inner, "error", problems);
            error.Text("message");
            error.Text("type");
            error.Text("param", isNullable: true);
            error.Text("code", isNullable: true);
            error.Allow("provider", "request_id", "llm", "attempts", "details", "failures", "llms");
            error.RefuseOthers();
        }

        shape.RefuseOthers();
        return problems;
    }

    internal static void Chunk(JsonElement root, Extensions extensions, List<string> problems)
    {
        var shape = new JsonShape(root, "chunk", problems);
        Head(shape, "chat.completion.chunk", extensions);
        Each(shape.List("choices"), "choices", problems, (choice, _) =>
        {
            choice.Number("index");
            choice.Text("finish_reason", isNullable: true, values: FinishReasons);
            choice.Object("logprobs", isRequired: false, isNullable: true);
            if (choice.Object("delta") is { } delta)
            {
                Delta(new JsonShape(delta, choice.Path + ".delta", problems), extensions);
            }

            Close(choice, extensions);
        });
        if (shape.Object("usage", isRequired: false, isNullable: true) is { } usage)
        {
            Usage(new JsonShape(usage, "usage", problems), extensions);
        }

        Close(shape, extensions);
    }

    private static void Head(JsonShape shape, string objectName, Extensions extensions)
    {
        string? id = shape.Text("id");
        shape.Check(id is not "", "id is empty");
        shape.Text("object", values: objectName);
        shape.Check(shape.Number("created") is not 0, "created is 0");
        string? model = shape.Text("model");
        shape.Check(model is not "", "model is empty");
        shape.Text("service_tier", isRequired: false, isNullable: true);
        shape.Text("system_fingerprint", isRequired: false, isNullable: true); // Null: not in the schema, but OpenAI sends it.
        shape.Allow("obfuscation", "moderation");
        shape.Allow(extensions.Answer);
    }

    private static void Message(JsonShape message, Extensions extensions)
    {
        message.Text("role", values: "assistant");
        message.Check(message.Find("content") is not null, "content is missing");
        message.Text("content", isNullable: true);
        message.Check(message.Find("refusal") is not null, "refusal is missing");
        message.Text("refusal", isNullable: true);
        Each(message.List("tool_calls", isRequired: false), message.Path + ".tool_calls", message.Problems, (call, _) =>
        {
            call.Check(call.Text("id") is not "", "id is empty");
            call.Text("type", values: ["function", "custom"]);
            if (call.Object("function") is { } inner)
            {
                var function = new JsonShape(inner, call.Path + ".function", message.Problems);
                function.Check(function.Text("name") is not "", "name is empty");
                function.Text("arguments");
                Close(function, extensions);
            }

            call.Allow("extra_content", "index");
            Close(call, extensions);
        });
        message.List("annotations", isRequired: false);
        message.Object("audio", isRequired: false, isNullable: true);
        message.Object("function_call", isRequired: false);
        message.Text("reasoning_content", isRequired: false, isNullable: extensions.AreOpen);
        message.Allow(extensions.Message);
        Close(message, extensions);
    }

    private static void Delta(JsonShape delta, Extensions extensions)
    {
        delta.Text("role", isRequired: false, values: "assistant");
        delta.Text("content", isRequired: false, isNullable: true);
        delta.Text("refusal", isRequired: false, isNullable: true);
        Each(delta.List("tool_calls", isRequired: false), delta.Path + ".tool_calls", delta.Problems, (call, _) =>
        {
            call.Number("index");
            call.Text("id", isRequired: false);
            call.Text("type", isRequired: false, values: ["function"]);
            if (call.Object("function", isRequired: false) is { } inner)
            {
                var function = new JsonShape(inner, call.Path + ".function", delta.Problems);
                function.Text("name", isRequired: false);
                function.Text("arguments", isRequired: false);
                Close(function, extensions);
            }

            call.Allow("extra_content");
            Close(call, extensions);
        });
        delta.Text("reasoning_content", isRequired: false, isNullable: extensions.AreOpen);
        delta.List("annotations", isRequired: false);
        delta.Object("function_call", isRequired: false);
        delta.Allow("audio");
        delta.Allow(extensions.Message);
        Close(delta, extensions);
    }

    private static void Usage(JsonShape usage, Extensions extensions)
    {
        long? prompt = usage.Number("prompt_tokens");
        long? completion = usage.Number("completion_tokens");
        long? total = usage.Number("total_tokens");
        usage.Check(extensions.AreOpen || total == prompt + completion, $"total_tokens is {total}, not {prompt} + {completion}");
        Details(usage, "prompt_tokens_details", prompt, ["cached_tokens", "audio_tokens", "cache_write_tokens"], extensions);
        Details(usage, "completion_tokens_details", completion, ["reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"], extensions);
        Close(usage, extensions);
    }

    private static void Details(JsonShape usage, string name, long? whole, string[] parts, Extensions extensions)
    {
        if (usage.Object(name, isRequired: false) is { } inner)
        {
            var details = new JsonShape(inner, $"{usage.Path}.{name}", usage.Problems);
            foreach (string part in parts)
            {
                details.Check(details.Number(part, isRequired: false) is not { } count || count <= whole || extensions.AreOpen, $"{part} is more than the whole");
            }

            details.Allow("cache_creation_tokens");
            Close(details, extensions);
        }
    }

    private static void Close(JsonShape shape, Extensions extensions)
    {
        if (!extensions.AreOpen)
        {
            shape.RefuseOthers();
        }
    }

    private static void Each(JsonElement? list, string path, List<string> problems, Action<JsonShape, int> check)
    {
        int position = 0;
        foreach (JsonElement item in list?.EnumerateArray() ?? default)
        {
            check(new JsonShape(item, $"{path}[{position}]", problems), position);
            position++;
        }
    }

    private static JsonElement? Parse(string json, List<string> problems)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            problems.Add($"not JSON: {e.Message}");
            return null;
        }
    }
}
