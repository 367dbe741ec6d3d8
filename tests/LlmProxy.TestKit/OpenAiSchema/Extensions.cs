namespace LlmProxy.TestKit.OpenAiSchema;

/// <summary>Fields beside OpenAI's own that a gateway or a vendor of its dialect may send. Strict: none but the gateway's.</summary>
public sealed record Extensions
{
    /// <summary>What the gateway itself adds when it translates.</summary>
    public static readonly Extensions Gateway = new()
    {
        Answer = ["llm", "provider", "request_id", "citations"],
        Message = ["reasoning_content", "thinking_blocks", "citations", "images", "extra_content"],
    };

    /// <summary>What vendors of OpenAI's dialect add, which passes untouched.</summary>
    public static readonly Extensions Vendors = new() { AreOpen = true };

    public string[] Answer { get; init; } = [];

    public string[] Message { get; init; } = [];

    /// <summary>Unknown fields are no problem at all.</summary>
    public bool AreOpen { get; init; }
}
