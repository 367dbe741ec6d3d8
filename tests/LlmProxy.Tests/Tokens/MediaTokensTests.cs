using System.Buffers.Binary;
using System.Text;
using LlmProxy.Conversation;
using LlmProxy.Tokens;

namespace LlmProxy.Tests.Tokens;

public sealed class MediaTokensTests
{
    [Theory]
    [InlineData("gpt-4o", 1024, 1024, null, 765)] // 768 by 768: four tiles.
    [InlineData("gpt-4o", 2048, 4096, "high", 1105)] // 768 by 1536: six tiles.
    [InlineData("gpt-4o", 4096, 8192, "low", 85)]
    [InlineData("gpt-4o", 100, 100, null, 255)]
    [InlineData("gpt-5", 1024, 1024, null, 630)]
    [InlineData("gpt-4o-mini", 100, 100, null, 8500)]
    [InlineData("gpt-4.1-mini", 1024, 1024, null, 1659)] // 1024 patches by 1.62.
    [InlineData("claude-sonnet-4-5", 1000, 1000, null, 1334)]
    [InlineData("claude-sonnet-4-5", 9000, 9000, null, 1600)]
    [InlineData("gemini-2.5-flash", 300, 300, null, 258)]
    [InlineData("gemini-2.5-flash", 1000, 700, null, 516)]
    public void Image_OfAKnownSize_CostsWhatItsVendorSays(string model, int width, int height, string? detail, long tokens)
    {
        var image = new MediaSource { Base64 = Encoding.ASCII.GetBytes(Convert.ToBase64String(Png(width, height))), Detail = detail };
        Assert.Equal(tokens, MediaTokens.Count(PartKind.Image, image, model));
    }

    [Fact]
    public void Image_AtAnAddress_CountsAsOneOfAThousandPixels() =>
        Assert.Equal(765, MediaTokens.Count(PartKind.Image, new MediaSource { Url = "https://example.com/a.png" }, "gpt-4o"));

    [Fact]
    public void Size_OfEveryForm_IsReadFromItsHead()
    {
        byte[] gif = [.. "GIF89a"u8, 0x40, 0x01, 0xF0, 0x00, .. new byte[30]];
        byte[] lossy = [.. "RIFF\0\0\0\0WEBPVP8 "u8, .. new byte[10], 0x40, 0x01, 0xF0, 0x00, .. new byte[30]];
        byte[] lossless = [.. "RIFF\0\0\0\0WEBPVP8L"u8, .. new byte[4], 0x2F, 0x3F, 0xC1, 0x3B, 0x00, .. new byte[30]];
        byte[] extended = [.. "RIFF\0\0\0\0WEBPVP8X"u8, .. new byte[8], 0x3F, 0x01, 0, 0xEF, 0, 0, .. new byte[30]];
        byte[] jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 1, 0xFF, 0xC0, 0, 17, 8, 0x00, 0xF0, 0x01, 0x40, .. new byte[30]];
        foreach (byte[] file in (byte[][])[Png(320, 240), gif, lossy, lossless, extended, jpeg])
        {
            Assert.Equal((320, 240), ImageSize.Of(Encoding.ASCII.GetBytes(Convert.ToBase64String(file))));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("not base64 at all, and rather long for a picture that is none!!")]
    public void Size_OfWhatIsNoPicture_IsUnknown(string base64) => Assert.Null(ImageSize.Of(Encoding.ASCII.GetBytes(base64)));

    [Fact]
    public void Size_OfJunkBehindAKnownHead_NeverThrows()
    {
        var random = new Random(11);
        byte[][] heads = ["\u0001PNG"u8.ToArray(), "GIF8"u8.ToArray(), "RIFF\0\0\0\0WEBPVP8X"u8.ToArray(), "RIFF\0\0\0\0WEBPVP8L"u8.ToArray(), [0xFF, 0xD8, 0xFF]];
        for (int i = 0; i < 2_000; i++)
        {
            byte[] junk = new byte[random.Next(80)];
            random.NextBytes(junk);
            _ = ImageSize.Of(Encoding.ASCII.GetBytes(Convert.ToBase64String([.. heads[i % heads.Length], .. junk])));
        }
    }

    private static byte[] Png(int width, int height)
    {
        byte[] file = [0x89, .. "PNG\r\n\u001a\n\0\0\0\rIHDR"u8, .. new byte[40]];
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), height);
        return file;
    }
}
