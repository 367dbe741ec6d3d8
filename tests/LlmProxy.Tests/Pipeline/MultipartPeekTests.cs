using System.Text;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Pipeline;

public sealed class MultipartPeekTests
{
    private const string ContentType = "multipart/form-data; boundary=\"XX\"";

    [Fact]
    public void Form_WithModelAfterFile_FindsItsBytes()
    {
        byte[] body = Encoding.UTF8.GetBytes(
            "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n\0\u0001--XX not a line\r\n--\r\n" +
            "--XX\r\ncontent-disposition: form-data; name=model\r\n\r\nwhisper-1\r\n--XX\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n--XX--\r\n");
        var form = new MultipartPeek();

        Assert.Null(form.Read(EndpointKind.Transcriptions, ContentType, body));

        Assert.Equal("whisper-1", form.Model);
        Assert.Equal("whisper-1", Encoding.UTF8.GetString(body, form.ModelStart, form.ModelLength));
        Assert.True(form.IsStream);
    }

    [Theory]
    [InlineData("multipart/form-data", "--XX--", "unsupported_media_type")]
    [InlineData(ContentType, "nothing here", "invalid_value")]
    [InlineData(ContentType, "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc", "invalid_value")]
    [InlineData(ContentType, "--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\na\r\n--XX--", "missing_field")]
    [InlineData(ContentType, "--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\na\r\n--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nb\r\n--XX--", "invalid_value")]
    public void Form_Malformed_SaysWhatIsWrong(string contentType, string body, string code)
    {
        Assert.Equal(code, new MultipartPeek().Read(EndpointKind.Transcriptions, contentType, Encoding.UTF8.GetBytes(body))!.Code.Wire());
    }
}
