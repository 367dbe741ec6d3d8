using System.Text;
using LlmProxy.TestKit;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class EventStreamFramerTests
{
    [Fact]
    public void Crc32_OfTheUsualCheck_IsItsPublishedValue() => Assert.Equal(0xCBF43926u, Crc32.Of("123456789"u8));

    [Fact]
    public void TryRead_MessagesInAnyPieces_AreTheSameEvents()
    {
        byte[] stream = [.. EventStreamWriter.Event("first", """{"a":"é"}"""), .. EventStreamWriter.Exception("badException", "{}"), .. EventStreamWriter.Error("Odd", "why"), .. EventStreamWriter.Event("last", "")];

        foreach (int[] pieces in Cuts.Of(stream.Length))
        {
            Assert.Equal(["first|{\"a\":\"é\"}", "badException|{}", "Odd|", "last|"], Read(stream, pieces));
        }
    }

    [Fact]
    public void TryRead_HeadersOfEveryType_AreSteppedOver()
    {
        byte[] name = [1, (byte)'x'];
        byte[] headers =
        [
            .. name, 0, .. name, 1, .. name, 2, 9, .. name, 3, 9, 9, .. name, 4, 9, 9, 9, 9, .. name, 5, 9, 9, 9, 9, 9, 9, 9, 9, .. name, 6, 0, 2, 9, 9,
            .. name, 8, 9, 9, 9, 9, 9, 9, 9, 9, .. name, 9, .. new byte[16], 11, .. ":event-type"u8, 7, 0, 4, .. "done"u8,
        ];
        byte[] stream = EventStreamWriter.Message("{}"u8.ToArray(), headers);

        Assert.Equal(["done|{}"], Read(stream, [stream.Length]));
    }

    [Theory]
    [InlineData(0)] // Total length
    [InlineData(6)] // Headers' length
    [InlineData(9)] // The prelude's checksum
    [InlineData(20)] // A header
    [InlineData(-8)] // Payload
    [InlineData(-1)] // The message's checksum
    public void TryRead_AnyByteChanged_IsBroken(int at)
    {
        byte[] good = EventStreamWriter.Event("good", "{}");
        byte[] bad = EventStreamWriter.Event("bad", """{"text":"1234567890"}""");
        bad[at < 0 ? bad.Length + at : at] ^= 0x11;
        byte[] stream = [.. good, .. bad, .. good];

        Assert.Equal(["good|{}", ":broken|"], Read(stream, [stream.Length]));
        Assert.Equal(["good|{}", ":broken|"], Read(stream, [.. Enumerable.Repeat(1, stream.Length)]).Distinct());
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(15u, 0u)]
    [InlineData(uint.MaxValue, 0u)]
    [InlineData(0x7FFFFFFFu, 0u)]
    [InlineData(64u, 60u)]
    [InlineData(64u, uint.MaxValue)]
    public void TryRead_ImpossibleLengths_AreBrokenAtOnce(uint total, uint headers)
    {
        byte[] prelude = new byte[64];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(prelude, total);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(prelude.AsSpan(4), headers);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(prelude.AsSpan(8), Crc32.Of(prelude.AsSpan(0, 8)));
        var framer = new EventStreamFramer();

        Assert.True(framer.TryRead(prelude, ended: false, out int consumed, out StreamFrame frame));
        Assert.Equal(prelude.Length, consumed);
        Assert.True(frame.Event.SequenceEqual(EventStreamFramer.Broken));
        Assert.False(frame.IsCut);
    }

    [Fact]
    public void TryRead_StreamThatEndsInsideAMessage_IsCutNotBroken()
    {
        byte[] message = EventStreamWriter.Event("good", "{}");
        for (int length = 1; length < message.Length; length++)
        {
            var framer = new EventStreamFramer();
            Assert.False(framer.TryRead(message.AsSpan(0, length), ended: false, out _, out _));
            Assert.True(framer.TryRead(message.AsSpan(0, length), ended: true, out int consumed, out StreamFrame frame));
            Assert.True(frame.IsCut);
            Assert.Equal(length, consumed);
        }
    }

    [Fact]
    public void TryRead_SeededJunk_AlwaysEnds()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            byte[] stream = [.. EventStreamWriter.Event("good", "{}"), .. EventStreamWriter.Event("more", new string('x', random.Next(40)))];
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                stream[random.Next(stream.Length)] = (byte)random.Next(256);
            }

            Assert.InRange(Read(stream, [stream.Length]).Count, 1, 4);
        }
    }

    private static List<string> Read(byte[] stream, int[] pieces)
    {
        var framer = new EventStreamFramer();
        var read = new List<string>();
        int start = 0;
        int arrived = 0;
        foreach (int piece in pieces.Append(0))
        {
            arrived += piece;
            while (framer.TryRead(stream.AsSpan(start..arrived), ended: piece == 0, out int consumed, out StreamFrame frame))
            {
                Assert.True(consumed > 0);
                start += consumed;
                read.Add($"{Encoding.UTF8.GetString(frame.Event)}|{Encoding.UTF8.GetString(frame.Data)}");
            }
        }

        return read;
    }
}
