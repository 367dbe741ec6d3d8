using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicPartsTests
{
    private const string Png = "iVBORw0KGgoAAAANSUhEUg==";

    [Theory]
    [InlineData("""{"url":"https://example.test/cat.jpg"}""", """{"type":"url","url":"https://example.test/cat.jpg"}""")]
    [InlineData("""{"url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}""", """{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoAAAANSUhEUg=="}""")]
    [InlineData("""{"url":"data:image/jpeg;base64,iVBORw0KGgoAAAANSUhEUg=="}""", """{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoAAAANSUhEUg=="}""")]
    [InlineData("""{"url":"data:image/jpg;base64,AAAA"}""", """{"type":"base64","media_type":"image/jpeg","data":"AAAA"}""")]
    public void Image_AsSource(string image, string source) => AnthropicMessagesTests.AssertJson(
        source, Content($$$$"""{"type":"image_url","image_url":{{{{image}}}}}""")["source"]);

    [Fact]
    public void Image_OfATypeNobodyReads_RefusesTheCall()
    {
        var refused = Assert.Throws<CallRefusedException>(() => Content("""{"type":"image_url","image_url":{"url":"data:image/bmp;base64,Qk0="}}"""));
        Assert.Contains("image/bmp", refused.Failure.Message, StringComparison.Ordinal);
        Assert.Equal("messages[0].content[0]", refused.Failure.Param);
    }

    [Fact]
    public void Pdf_AsDocumentWithItsName() => AnthropicMessagesTests.AssertJson(
        """{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="},"title":"a.pdf"}""",
        Content("""{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}"""));

    [Fact]
    public void TextFile_AsPlainText()
    {
        string data = Convert.ToBase64String(Encoding.UTF8.GetBytes("Grüße,\n\"you\""));
        JsonNode block = Content($$$$"""{"type":"file","file":{"filename":"a.md","file_data":"{{{{data}}}}"},"cache_control":{"type":"ephemeral"}}""");
        AnthropicMessagesTests.AssertJson("""{"type":"text","media_type":"text/plain","data":"Grüße,\n\"you\""}""", block["source"]);
        Assert.NotNull(block["cache_control"]);
    }

    [Theory]
    [InlineData("a.docx", "AAAA")]
    [InlineData("a.txt", "/w==")]
    public void File_ThatIsNoText_RefusesTheCall(string name, string data) => Assert.Throws<CallRefusedException>(
        () => Content($$$$"""{"type":"file","file":{"filename":"{{{{name}}}}","file_data":"{{{{data}}}}"}}"""));

    [Fact]
    public void File_ByItsId_NeedsTheFilesBeta()
    {
        using VendorCall call = Turns.Open(
            "anthropic", """{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file_abc"}}]}]}""", Claude.Sonnet45,
            headers: ("anthropic-beta", "other-2025-01-01"));
        JsonNode body = JsonNode.Parse(Turns.Body(call))!;
        AnthropicMessagesTests.AssertJson("""{"type":"document","source":{"type":"file","file_id":"file_abc"}}""", body["messages"]![0]!["content"]![0]);
        using var request = new HttpRequestMessage();
        call.AddHeaders(request);
        Assert.Equal("other-2025-01-01,files-api-2025-04-14", string.Join(",", request.Headers.GetValues("anthropic-beta")));
    }

    [Fact]
    public void Block_OfAnthropicsOwn_PassesAsItIs()
    {
        const string Block = """{"type":"search_result","source":"https://a.test","title":"t","content":[{"type":"text","text":"x"}],"citations":{"enabled":true}}""";
        AnthropicMessagesTests.AssertJson(Block, Content(Block));
    }

    [Fact]
    public void Detail_OfAnImage_IsNamedAsDropped()
    {
        (_, string? dropped) = Claude.Asked($$$$"""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{{Png}}}}","detail":"low"}}]}]}""");
        Assert.Equal("messages[].content[].image_url.detail", dropped);
    }

    private static JsonNode Content(string part) => Claude.Asked($$$$"""{"messages":[{"role":"user","content":[{{{{part}}}}]}]}""").Body["messages"]![0]!["content"]![0]!;
}
