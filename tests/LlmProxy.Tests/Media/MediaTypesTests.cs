using System.Text;
using LlmProxy.Conversation;
using LlmProxy.Media;

namespace LlmProxy.Tests.Media;

public sealed class MediaTypesTests
{
    [Theory]
    [InlineData("\u0089PNG\r\n", "text/html", "image/png")]
    [InlineData("GIF89a", null, "image/gif")]
    [InlineData("RIFF\0\0\0\0WEBPVP8 ", "application/octet-stream", "image/webp")]
    public void Of_Image_IsWhatItsBytesSay(string bytes, string? announced, string type) =>
        Assert.Equal(type, MediaTypes.Of(PartKind.Image, Encoding.Latin1.GetBytes(bytes), announced));

    [Theory]
    [InlineData("<html>", "image/png")]
    [InlineData("%PDF-1.7", "application/pdf")]
    [InlineData("", null)]
    public void Of_ImageThatIsNone_IsNothing(string bytes, string? announced) =>
        Assert.Null(MediaTypes.Of(PartKind.Image, Encoding.Latin1.GetBytes(bytes), announced));

    [Theory]
    [InlineData("%PDF-1.7", null, "application/pdf")]
    [InlineData("hello", "text/plain", "text/plain")]
    [InlineData("hello", null, null)]
    public void Of_File_MayAlsoBeTextByItsServersWord(string bytes, string? announced, string? type) =>
        Assert.Equal(type, MediaTypes.Of(PartKind.File, Encoding.Latin1.GetBytes(bytes), announced));
}
