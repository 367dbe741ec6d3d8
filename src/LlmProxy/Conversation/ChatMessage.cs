namespace LlmProxy.Conversation;

internal enum ChatRole
{
    System,
    Developer,
    User,
    Assistant,

    /// <summary>The result of one tool call.</summary>
    Tool,
}

/// <summary>One message of a conversation.</summary>
internal sealed class ChatMessage
{
    public required ChatRole Role { get; init; }

    /// <summary>Where the client wrote it, for complaints: "messages[3]".</summary>
    public required string Path { get; init; }

    public List<ChatPart> Parts { get; } = [];

    /// <summary>The assistant's calls, in order.</summary>
    public List<ToolCall> ToolCalls { get; } = [];

    /// <summary>What the assistant thought before it spoke, in order, with the vendor's signatures.</summary>
    public List<ThinkingBlock> Thinking { get; } = [];

    /// <summary>The blocks that Anthropic's models wrote, wherever they run.</summary>
    public List<ThinkingBlock> ClaudesThinking => Thinking.FindAll(static block => !block.IsGoogles);

    /// <summary>Thinking without signature, as OpenAI-shaped servers send it (reasoning_content).</summary>
    public JsonText ReasoningText { get; set; }

    /// <summary>Which call a tool's result answers.</summary>
    public JsonText ToolCallId { get; set; }

    /// <summary>The tool's name, where the client gave it with the result.</summary>
    public JsonText Name { get; set; }

    /// <summary>The tool failed; its content says how.</summary>
    public bool IsToolError { get; set; }

    public JsonText Refusal { get; set; }

    /// <summary>Anthropic's prompt-cache mark on the message as a whole, as JSON text.</summary>
    public ReadOnlyMemory<byte> CacheControl { get; set; }
}

internal enum PartKind
{
    Text,
    Image,

    /// <summary>A document: PDF, plain text, others by their media type.</summary>
    File,
    Audio,
    Video,

    /// <summary>A block of the client's dialect that has no like elsewhere; only a vendor of that dialect may take it (Raw).</summary>
    Foreign,
}

/// <summary>One piece of a message.</summary>
internal sealed class ChatPart
{
    public required PartKind Kind { get; init; }

    /// <summary>Where the client wrote it, for complaints: "messages[3].content[1]".</summary>
    public required string Path { get; init; }

    public JsonText Text { get; init; }

    public MediaSource? Media { get; init; }

    /// <summary>Anthropic's prompt-cache mark as JSON text; empty: none.</summary>
    public ReadOnlyMemory<byte> CacheControl { get; init; }

    /// <summary>The part as the client wrote it.</summary>
    public ReadOnlyMemory<byte> Raw { get; init; }
}

/// <summary>Where an image, document or sound is: here as base64, at a web address, or kept by the vendor under an id.</summary>
internal sealed record MediaSource
{
    /// <summary>"image/png"; null when the client did not say.</summary>
    public string? MediaType { get; init; }

    /// <summary>Base64 without line breaks, as ASCII; empty when it is not here.</summary>
    public ReadOnlyMemory<byte> Base64 { get; init; }

    public string? Url { get; init; }

    /// <summary>An id in the vendor's own file store.</summary>
    public string? FileId { get; init; }

    public string? FileName { get; init; }

    /// <summary>OpenAI's image detail: low, high, auto.</summary>
    public string? Detail { get; init; }
}

/// <summary>One call of a tool by the assistant. The arguments are a JSON string that should hold an object, and sometimes does not.</summary>
internal sealed class ToolCall
{
    public JsonText Id { get; init; }

    public JsonText Name { get; init; }

    public JsonText Arguments { get; init; }

    /// <summary>Google's mark on a call that came from thinking (extra_content.google.thought_signature).</summary>
    public JsonText GoogleSignature { get; init; }

    public ReadOnlyMemory<byte> CacheControl { get; init; }
}

/// <summary>A block of thinking as Anthropic's models give and want it back: text with its signature, or only sealed data.</summary>
internal readonly record struct ThinkingBlock(JsonText Text, JsonText Signature, JsonText Sealed)
{
    /// <summary>Stands before a signature of Google's: blocks of other vendors look alike, and each refuses a signature that is not its own.</summary>
    public static ReadOnlySpan<byte> GoogleMark => "gemini:"u8;

    public bool IsGoogles => Signature.Escaped.StartsWith(GoogleMark);
}
