using System.Buffers;

namespace LlmProxy.Conversation;

/// <summary>A vendor that counts a conversation's tokens when asked, free of charge.</summary>
internal interface ITokenVendor
{
    string PathFor(ChatTurn turn);

    void Write(ChatTurn turn, IBufferWriter<byte> body);

    /// <summary>Throws JsonException where the body is not what the vendor documents.</summary>
    long Read(ChatTurn turn, ReadOnlySpan<byte> body);
}
