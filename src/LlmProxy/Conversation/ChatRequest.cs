namespace LlmProxy.Conversation;

/// <summary>
/// What a client wants of a model, in no vendor's dialect. Made from the request's bytes when a call must be translated;
/// its texts, schemas and images are slices of those bytes. Read by several attempts, changed by none.
/// </summary>
internal sealed class ChatRequest
{
    /// <summary>In the order they came, system and developer messages where they stood.</summary>
    public List<ChatMessage> Messages { get; private init; } = [];

    public List<ChatTool> Tools { get; private init; } = [];

    public ToolChoice ToolChoice { get; set; }

    public bool? ParallelToolCalls { get; set; }

    public AnswerFormat Format { get; set; }

    /// <summary>Null: the client set no limit.</summary>
    public long? MaxTokens { get; set; }

    public List<JsonText> Stop { get; private init; } = [];

    /// <summary>No message at all: a client of Ollama's wants the model loaded, and there is nothing to ask a vendor.</summary>
    public bool AsksNothing { get; set; }

    /// <summary>How many answers are wanted.</summary>
    public int Choices { get; set; } = 1;

    public ThinkingWish Thinking { get; set; }

    /// <summary>For whom the application calls.</summary>
    public JsonText User { get; set; }

    /// <summary>Whether a streamed answer shall end with its usage, where the client's dialect lets it choose.</summary>
    public bool WantsUsage { get; set; }

    /// <summary>Every top-level field the client wrote, the ones above included, by OpenAI's name for it.</summary>
    public List<RequestField> Fields { get; private init; } = [];

    /// <summary>The same request, to be answered by going on from a beginning.</summary>
    public ChatRequest From(ChatMessage beginning)
    {
        ChatRequest own = Copy([.. Messages, beginning]);
        own.Thinking = own.Thinking.IsWanted ? new ThinkingWish { Enabled = false } : own.Thinking; // Its answer has begun: that is over.
        return own;
    }

    /// <summary>The same request with field lists of its own; messages and tools are shared.</summary>
    public ChatRequest Copy() => Copy(Messages);

    private ChatRequest Copy(List<ChatMessage> messages) => new()
    {
        Messages = messages,
        Tools = Tools,
        ToolChoice = ToolChoice,
        ParallelToolCalls = ParallelToolCalls,
        Format = Format,
        MaxTokens = MaxTokens,
        Stop = [.. Stop],
        AsksNothing = AsksNothing,
        Choices = Choices,
        Thinking = Thinking,
        User = User,
        WantsUsage = WantsUsage,
        Fields = [.. Fields],
    };
}

/// <summary>One top-level field of a request: OpenAI's name for it, the client's own, and its value as JSON text.</summary>
internal readonly record struct RequestField(string Name, string ClientName, ReadOnlyMemory<byte> Json)
{
    /// <summary>Put there by the operator, not by the client: nobody is told when a vendor does not take it.</summary>
    public bool IsDefault { get; init; }
}

/// <summary>How hard and how long a model may think. All empty: the vendor's own habit.</summary>
internal readonly record struct ThinkingWish
{
    /// <summary>OpenAI's reasoning_effort: none, minimal, low, medium, high, xhigh; null when not said.</summary>
    public string? Effort { get; init; }

    /// <summary>Tokens, as Anthropic and Gemini count it.</summary>
    public long? Budget { get; init; }

    /// <summary>Said in so many words: on or off.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The model decides for itself how much (Anthropic's "adaptive").</summary>
    public bool IsAdaptive { get; init; }

    public bool IsSaid => Effort is not null || Budget is not null || Enabled is not null || IsAdaptive;

    /// <summary>Whether thinking is wanted at all.</summary>
    public bool IsWanted => Enabled ?? (IsAdaptive || Budget > 0 || (Effort is not null && Effort != "none"));
}

internal enum AnswerFormatKind
{
    Text,
    JsonObject,
    JsonSchema,
}

/// <summary>response_format. The schema is JSON text.</summary>
internal readonly record struct AnswerFormat(AnswerFormatKind Kind, JsonText Name = default, JsonText Description = default, ReadOnlyMemory<byte> Schema = default, bool? Strict = null);

internal enum ToolChoiceKind
{
    Unsaid,
    Auto,
    None,
    Required,
    Named,
}

/// <summary>tool_choice. Allowed: the only tools that may be called, where the client narrowed them (OpenAI's allowed_tools).</summary>
internal readonly record struct ToolChoice(ToolChoiceKind Kind, JsonText Name = default, IReadOnlyList<string>? Allowed = null);

/// <summary>One tool the model may call.</summary>
internal sealed class ChatTool
{
    public JsonText Name { get; init; }

    public JsonText Description { get; init; }

    /// <summary>The JSON schema of its arguments; empty: it takes none.</summary>
    public ReadOnlyMemory<byte> Parameters { get; init; }

    public bool? Strict { get; init; }

    /// <summary>Anthropic's prompt-cache mark as JSON text; empty: none.</summary>
    public ReadOnlyMemory<byte> CacheControl { get; init; }

    /// <summary>A tool that the vendor itself runs or OpenAI's free-text kind: not a function. Its type, as the client wrote it.</summary>
    public string? NativeType { get; init; }

    /// <summary>The whole tool as the client wrote it.</summary>
    public ReadOnlyMemory<byte> Raw { get; init; }
}
