namespace LlmProxy.Conversation.Shortening;

internal enum ItemSide
{
    /// <summary>Instructions: never left out.</summary>
    Kept,
    User,

    /// <summary>The model's part: text, reasoning, calls of tools.</summary>
    Assistant,

    /// <summary>What came of a call.</summary>
    Result,
}

/// <summary>One message or input item of a request: where its bytes stand, and what it must not be parted from.</summary>
internal sealed record ConversationItem(int Start, int End, ItemSide Side, long Tokens)
{
    /// <summary>A result in which the user says something too.</summary>
    public bool HasUsersWords { get; init; }

    public IReadOnlyList<string> Calls { get; init; } = [];

    /// <summary>The calls that it answers.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];
}
