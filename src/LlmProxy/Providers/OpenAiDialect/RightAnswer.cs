using System.Text.Json;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// Sees, while an answer is read anyway, that it is what chat's schema promises, as OpenAI's own and most servers' are.
/// Whatever is unusual is left to the mending, which reads again, member by member.
/// </summary>
internal struct RightAnswer
{
    private Part _seen;
    private bool _isUnusual;

    [Flags]
    public enum Part
    {
        None = 0,
        Id = 1,
        Object = 2,
        Created = 4,
        Model = 8,
        Choices = 16,
        Usage = 32,
        All = 63,
    }

    [Flags]
    private enum ChoicePart
    {
        None = 0,
        Index = 1,
        Message = 2,
        Logprobs = 4,
        Finish = 8,
        All = 15,
        Role = 16,
        Content = 32,
        Refusal = 64,
        AllOfMessage = 112,
        Unusual = 128,
    }

    public readonly bool IsWhole => _seen == Part.All && !_isUnusual;

    public void Saw(Part part, bool isRight)
    {
        _isUnusual |= !isRight || (_seen & part) != 0;
        _seen |= part;
    }

    /// <summary>One choice and no more. The reader stands on the array's opening bracket and is left on its closing one, unless the text ends before.</summary>
    public static bool IsOneChoice(ref Utf8JsonReader reader)
    {
        int depth = reader.CurrentDepth;
        int count = 0;
        bool isRight = true;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            count++;
            isRight &= reader.TokenType == JsonTokenType.StartObject ? IsChoice(ref reader) : SkipUnusual(ref reader);
        }

        return isRight && count == 1;
    }

    private static bool IsChoice(ref Utf8JsonReader reader)
    {
        ChoicePart seen = ChoicePart.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ChoicePart part = reader.ValueTextEquals("index"u8) ? ChoicePart.Index
                : reader.ValueTextEquals("message"u8) ? ChoicePart.Message
                : reader.ValueTextEquals("logprobs"u8) ? ChoicePart.Logprobs
                : reader.ValueTextEquals("finish_reason"u8) ? ChoicePart.Finish
                : ChoicePart.None;
            reader.Read();
            bool isRight = part switch
            {
                ChoicePart.Index => reader.TokenType == JsonTokenType.Number,
                ChoicePart.Message => reader.TokenType == JsonTokenType.StartObject && IsMessage(ref reader),
                ChoicePart.Logprobs => reader.TokenType == JsonTokenType.Null,
                ChoicePart.Finish => IsFinish(ref reader),
                _ => true,
            };
            _ = reader.TrySkip();
            seen |= isRight && (seen & part) == 0 ? part : ChoicePart.Unusual;
        }

        return seen == ChoicePart.All;
    }

    private static bool IsMessage(ref Utf8JsonReader reader)
    {
        ChoicePart seen = ChoicePart.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ChoicePart part = reader.ValueTextEquals("role"u8) ? ChoicePart.Role
                : reader.ValueTextEquals("content"u8) ? ChoicePart.Content
                : reader.ValueTextEquals("refusal"u8) ? ChoicePart.Refusal
                : reader.ValueTextEquals("annotations"u8) ? ChoicePart.None
                : reader.ValueTextEquals("tool_calls"u8) || reader.ValueTextEquals("function_call"u8) ? ChoicePart.Unusual
                : ChoicePart.None;
            bool mustBeList = reader.ValueTextEquals("annotations"u8);
            reader.Read();
            bool isRight = part switch
            {
                ChoicePart.Role => reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && reader.ValueSpan.Length > 0,
                ChoicePart.Content or ChoicePart.Refusal => reader.TokenType is JsonTokenType.String or JsonTokenType.Null,
                _ => !mustBeList || reader.TokenType == JsonTokenType.StartArray,
            };
            _ = reader.TrySkip();
            seen |= isRight && (seen & part) == 0 ? part : ChoicePart.Unusual;
        }

        return seen == ChoicePart.AllOfMessage;
    }

    /// <summary>Tool calls are looked at by the mending: they have an id, a type and arguments that servers get wrong.</summary>
    private static bool IsFinish(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String
        && (reader.ValueTextEquals("stop"u8) || reader.ValueTextEquals("length"u8) || reader.ValueTextEquals("content_filter"u8));

    private static bool SkipUnusual(ref Utf8JsonReader reader)
    {
        _ = reader.TrySkip();
        return false;
    }
}
