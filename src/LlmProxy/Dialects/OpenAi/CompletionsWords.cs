using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>What chunks and whole completions of text share.</summary>
internal static class CompletionsWords
{
    public static string AnswerId(ChatTurn turn) => "cmpl-" + turn.Exchange.Id.Replace("-", "", StringComparison.Ordinal);

    /// <summary>A finish that has no word here (a call of a tool nobody offered) is a stop.</summary>
    public static ReadOnlySpan<byte> Of(FinishReason reason) => reason == FinishReason.ToolCalls ? "stop"u8 : ChatWords.Of(reason);

    /// <summary>The prompt that "echo" wants before each answer, still escaped and copied; empty: it was not asked for.</summary>
    public static byte[] EchoOf(ChatTurn turn)
    {
        if (turn.Exchange is not { Peek: { } peek, Body: { Bytes.Length: > 0 } body } || peek.Members.Find(body.Span, "echo"u8) is not (>= 0 and var echo))
        {
            return [];
        }

        return peek.Members[echo].Kind == JsonTokenType.True && turn.Request.Messages is [{ Parts: [var prompt, ..] }, ..] ? prompt.Text.Escaped.ToArray() : [];
    }

    /// <summary>
    /// Chat's log probabilities as four arrays side by side, without their object's braces. Offsets count the characters
    /// of the answer's text from its beginning.
    /// </summary>
    public static void WriteLogprobs(Utf8JsonWriter json, ReadOnlyMemory<byte> elements, ref int offset)
    {
        ReadOnlyMemory<byte> array = (byte[])[(byte)'[', .. elements.Span, (byte)']'];
        json.WriteStartArray("tokens"u8);
        WriteEach(json, array, "token"u8, "\"\""u8);
        json.WriteEndArray();
        json.WriteStartArray("token_logprobs"u8);
        WriteEach(json, array, "logprob"u8, "null"u8);
        json.WriteEndArray();
        json.WriteStartArray("top_logprobs"u8);
        var items = new JsonWalk(array);
        while (items.Next())
        {
            WriteTop(json, Member(items.Value, "top_logprobs"u8));
        }

        json.WriteEndArray();
        json.WriteStartArray("text_offset"u8);
        var tokens = new JsonWalk(array);
        while (tokens.Next())
        {
            json.WriteNumberValue(offset);
            ReadOnlyMemory<byte> token = Member(tokens.Value, "token"u8);
            offset += token.IsEmpty ? 0 : new JsonText(token).ToString().Length;
        }

        json.WriteEndArray();
    }

    private static void WriteEach(Utf8JsonWriter json, ReadOnlyMemory<byte> array, ReadOnlySpan<byte> name, ReadOnlySpan<byte> missing)
    {
        var items = new JsonWalk(array);
        while (items.Next())
        {
            ReadOnlyMemory<byte> value = Member(items.Value, name);
            json.WriteRawValue(value.IsEmpty ? missing : value.Span, skipInputValidation: true);
        }
    }

    private static void WriteTop(Utf8JsonWriter json, ReadOnlyMemory<byte> top)
    {
        json.WriteStartObject();
        var items = new JsonWalk(top.IsEmpty ? "[]"u8.ToArray() : top);
        while (items.Next())
        {
            ReadOnlyMemory<byte> token = Member(items.Value, "token"u8);
            ReadOnlyMemory<byte> logprob = Member(items.Value, "logprob"u8);
            if (!token.IsEmpty && !logprob.IsEmpty)
            {
                json.WritePropertyName(new JsonText(token).ToString());
                json.WriteRawValue(logprob.Span, skipInputValidation: true);
            }
        }

        json.WriteEndObject();
    }

    private static ReadOnlyMemory<byte> Member(ReadOnlyMemory<byte> value, ReadOnlySpan<byte> name)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is(name))
            {
                return members.IsNull ? default : members.Value;
            }
        }

        return default;
    }
}
