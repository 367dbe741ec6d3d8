using System.Text.Json;
using LlmProxy.Wire;

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
        Annotations = 256,
    }

    public readonly bool IsWhole => _seen == Part.All && !_isUnusual;

    public void Saw(Part part, bool isRight)
    {
        _isUnusual |= !isRight || (_seen & part) != 0;
        _seen |= part;
    }

    /// <summary>One choice and no more. The scanner stands before the array's opening bracket and is left behind its closing one.</summary>
    public static bool IsOneChoice(ref JsonScanner scanner)
    {
        scanner.Expect((byte)'[');
        int count = 0;
        bool isRight = true;
        for (bool isFirst = true; scanner.NextItem(ref isFirst);)
        {
            count++;
            isRight &= scanner.Peek() == (byte)'{' ? IsChoice(ref scanner) : SkipUnusual(ref scanner, 2);
        }

        return isRight && count == 1;
    }

    private static bool IsChoice(ref JsonScanner scanner)
    {
        scanner.Expect((byte)'{');
        ChoicePart seen = ChoicePart.None;
        for (bool isFirst = true; scanner.NextMember(ref isFirst, out JsonName name);)
        {
            ChoicePart part = name.Is("index"u8) ? ChoicePart.Index
                : name.Is("message"u8) ? ChoicePart.Message
                : name.Is("logprobs"u8) ? ChoicePart.Logprobs
                : name.Is("finish_reason"u8) ? ChoicePart.Finish
                : ChoicePart.None;
            bool isRight = part switch
            {
                ChoicePart.Index => scanner.SkipValue(3) == JsonTokenType.Number,
                ChoicePart.Message => scanner.Peek() == (byte)'{' ? IsMessage(ref scanner) : SkipUnusual(ref scanner, 3),
                ChoicePart.Logprobs => scanner.SkipValue(3) == JsonTokenType.Null,
                ChoicePart.Finish => scanner.Peek() == (byte)'"' ? IsFinish(ref scanner) : SkipUnusual(ref scanner, 3),
                _ => scanner.SkipValue(3) != JsonTokenType.None,
            };
            seen |= isRight && (seen & part) == 0 ? part : ChoicePart.Unusual;
        }

        return seen == ChoicePart.All;
    }

    private static bool IsMessage(ref JsonScanner scanner)
    {
        scanner.Expect((byte)'{');
        ChoicePart seen = ChoicePart.None;
        for (bool isFirst = true; scanner.NextMember(ref isFirst, out JsonName name);)
        {
            ChoicePart part = name.Is("role"u8) ? ChoicePart.Role
                : name.Is("content"u8) ? ChoicePart.Content
                : name.Is("refusal"u8) ? ChoicePart.Refusal
                : name.Is("annotations"u8) ? ChoicePart.Annotations
                : name.Is("tool_calls"u8) || name.Is("function_call"u8) ? ChoicePart.Unusual
                : ChoicePart.None;
            int start = scanner.Position;
            bool isRight = part switch
            {
                ChoicePart.Role => scanner.Peek() == (byte)'"' ? !scanner.SkipString() && scanner.Position > start + 2 : SkipUnusual(ref scanner, 4),
                ChoicePart.Content or ChoicePart.Refusal => scanner.SkipValue(4) is JsonTokenType.String or JsonTokenType.Null,
                ChoicePart.Annotations => scanner.SkipValue(4) == JsonTokenType.StartArray,
                _ => scanner.SkipValue(4) != JsonTokenType.None,
            };
            part &= ~ChoicePart.Annotations; // They may be there, and more than once.
            seen |= isRight && (seen & part) == 0 ? part : ChoicePart.Unusual;
        }

        return seen == ChoicePart.AllOfMessage;
    }

    /// <summary>Tool calls are looked at by the mending: they have an id, a type and arguments that servers get wrong.</summary>
    private static bool IsFinish(ref JsonScanner scanner)
    {
        int start = scanner.Position;
        bool isEscaped = scanner.SkipString();
        var reason = new JsonName(scanner.From(start), isEscaped);
        return reason.Is("stop"u8) || reason.Is("length"u8) || reason.Is("content_filter"u8);
    }

    private static bool SkipUnusual(ref JsonScanner scanner, int depth)
    {
        scanner.SkipValue(depth);
        return false;
    }
}
