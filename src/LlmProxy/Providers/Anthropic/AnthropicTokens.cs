using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>Counts a conversation's tokens, free of charge. https://platform.claude.com/docs/en/build-with-claude/token-counting</summary>
internal sealed class AnthropicTokens(AnthropicDialect dialect) : ITokenVendor
{
    public string PathFor(ChatTurn turn) => dialect.PathFor(turn.Target.Model, false, true);

    public void Write(ChatTurn turn, IBufferWriter<byte> body) => AnthropicRequest.Write(turn, dialect, body, isCount: true);

    public long Read(ChatTurn turn, ReadOnlySpan<byte> body)
    {
        body = body.Trim(" \t\r\n"u8);
        var members = new JsonMembers();
        members.Read(body);
        int count = members.Find(body, "input_tokens"u8);
        var reader = count < 0 ? throw new JsonException("No input_tokens.") : new Utf8JsonReader(members[count].Value(body));
        reader.Read();
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long tokens) ? tokens : throw new JsonException("input_tokens is no number.");
    }
}
