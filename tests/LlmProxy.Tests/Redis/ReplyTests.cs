using System.Text;
using LlmProxy.Redis;

namespace LlmProxy.Tests.Redis;

public sealed class ReplyTests
{
    [Theory]
    [InlineData("+OK\r\n", true, "OK")]
    [InlineData(":12\r\n", true, "12")]
    [InlineData("$5\r\nhello\r\n", true, "hello")]
    [InlineData("$0\r\n\r\n", true, "")]
    [InlineData("$-1\r\n", true, null)]
    [InlineData("-ERR broken\r\n", false, null)]
    public void Reply_Whole_IsRead(string text, bool isThere, string? value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);

        Assert.True(Reply.TryRead([.. bytes, .. "+next"u8], out Reply reply, out int length));

        Assert.Equal(bytes.Length, length);
        Assert.Equal(isThere, reply.IsThere);
        Assert.Equal(value, reply.Value is null ? null : Encoding.UTF8.GetString(reply.Value));
        Assert.Equal(isThere, reply.Error is null);
    }

    [Fact]
    public void Reply_InPieces_IsReadOnceAllHasCome()
    {
        byte[] bytes = "$5\r\nhello\r\n"u8.ToArray();

        for (int i = 1; i < bytes.Length; i++)
        {
            Assert.False(Reply.TryRead(bytes.AsSpan(0, i), out _, out int needed), $"{i} bytes");
            Assert.True(needed is 0 or 11, $"{needed} needed after {i} bytes");
        }
    }

    [Theory]
    [InlineData("*1\r\n")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("$many\r\n")]
    [InlineData("$536870913\r\n")]
    [InlineData("$2147483647\r\n")]
    [InlineData("$99999999999\r\n")]
    public void Reply_NoneThatRedisGives_IsRefused(string text) =>
        Assert.Throws<InvalidDataException>(() => Reply.TryRead(Encoding.UTF8.GetBytes(text), out _, out _));
}
