using System.Text;

namespace LlmProxy.Tests.Boundary;

/// <summary>Good answers, as far as this test needs them: a text in the vendor's own words.</summary>
internal static class VendorAnswers
{
    public static bool IsStream(string provider, HttpRequestMessage request, string body) => provider == "gemini"
        ? request.RequestUri!.AbsolutePath.Contains("stream", StringComparison.Ordinal)
        : body.Contains("\"stream\":true", StringComparison.Ordinal)
            || (provider == "ollama" && !body.Contains("\"stream\":false", StringComparison.Ordinal) && !IsEmbedding(request));

    public static string TypeOf(string provider, bool isStream) =>
        !isStream ? "application/json" : provider == "ollama" ? "application/x-ndjson" : "text/event-stream";

    public static byte[] Of(string provider, HttpRequestMessage request, bool isStream)
    {
        string path = request.RequestUri!.AbsolutePath;
        return Encoding.UTF8.GetBytes(provider switch
        {
            "anthropic" when path.Contains("count_tokens", StringComparison.Ordinal) => """{"input_tokens":3}""",
            "anthropic" => isStream ? AnthropicStream : AnthropicWhole,
            "gemini" when IsEmbedding(request) => """{"embeddings":[{"values":[0.1]}]}""",
            "gemini" when path.Contains("countTokens", StringComparison.Ordinal) => """{"totalTokens":3}""",
            "gemini" => isStream ? $"data: {Gemini}\n\n" : Gemini,
            "ollama" when IsEmbedding(request) => """{"model":"m","embeddings":[[0.1]],"prompt_eval_count":1}""",
            "ollama" => isStream
                ? """{"model":"m","message":{"role":"assistant","content":"hi"},"response":"hi","done":false}""" + "\n" + OllamaEnd + "\n"
                : OllamaEnd,
            _ when IsEmbedding(request) => """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}""",
            _ when path.EndsWith("/responses", StringComparison.Ordinal) => """{"id":"r","object":"response","status":"completed","model":"m","output":[],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}""",
            _ => isStream ? OpenAiStream : OpenAiWhole,
        });
    }

    private const string OpenAiWhole =
        """{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi there"},"text":"hi","finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""";

    private const string OpenAiStream =
        """data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"text":"hi","finish_reason":null}]}"""
        + "\n\n" + """data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" there"},"text":"hi","finish_reason":null}]}"""
        + "\n\n" + """data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"text":"","finish_reason":"stop"}]}"""
        + "\n\ndata: [DONE]\n\n";

    private const string AnthropicWhole =
        """{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}""";

    private const string AnthropicStream =
        "event: message_start\n" + """data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}"""
        + "\n\nevent: content_block_start\n" + """data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""
        + "\n\nevent: content_block_delta\n" + """data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"""
        + "\n\nevent: content_block_stop\n" + """data: {"type":"content_block_stop","index":0}"""
        + "\n\nevent: message_delta\n" + """data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":1}}"""
        + "\n\nevent: message_stop\n" + """data: {"type":"message_stop"}""" + "\n\n";

    private const string Gemini =
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2},"modelVersion":"m"}""";

    private const string OllamaEnd =
        """{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":" there"},"response":"hi","done":true,"done_reason":"stop","prompt_eval_count":1,"eval_count":1}""";

    private static bool IsEmbedding(HttpRequestMessage request) =>
        request.RequestUri!.AbsolutePath.Contains("embed", StringComparison.OrdinalIgnoreCase);
}
