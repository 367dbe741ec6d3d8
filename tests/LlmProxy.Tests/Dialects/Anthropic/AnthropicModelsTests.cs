using System.Text.Json;
using System.Text.Json.Nodes;
using LlmProxy.Dialects.Anthropic;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Tests.Dialects.Anthropic;

public sealed class AnthropicModelsTests
{
    [Theory]
    [InlineData("", "a,b,c,d", false)]
    [InlineData("?limit=2", "a,b", true)]
    [InlineData("?limit=2&after_id=b", "c,d", false)]
    [InlineData("?limit=1&after_id=b", "c", true)]
    [InlineData("?limit=2&before_id=d", "b,c", true)]
    [InlineData("?limit=2&before_id=c", "a,b", false)]
    [InlineData("?after_id=d", "", false)]
    public void Page_AskedFor_HoldsItsModelsAndSaysWhetherMoreFollow(string query, string ids, bool hasMore)
    {
        Assert.Null(AnthropicModels.ReadPage(Query(query), out (string?, string?, int) page));
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            AnthropicModels.WritePage(json, "abcd".Select(id => new ModelEntry(id.ToString(), "chain", null, [])), page);
        }

        JsonNode answer = JsonNode.Parse(body.ToArray())!;
        Assert.Equal(ids, string.Join(',', answer["data"]!.AsArray().Select(m => (string)m!["id"]!)));
        Assert.Equal(hasMore, (bool)answer["has_more"]!);
        Assert.Equal(ids.Split(',')[0], (string?)answer["first_id"] ?? "");
        Assert.All(answer["data"]!.AsArray(), m => Assert.Equal(("model", "2025-01-01T00:00:00Z"), ((string)m!["type"]!, (string)m["created_at"]!)));
    }

    [Theory]
    [InlineData("?limit=0")]
    [InlineData("?limit=x")]
    [InlineData("?limit=1001")]
    public void Page_OfNoSize_IsRefused(string query)
    {
        GatewayError? wrong = AnthropicModels.ReadPage(Query(query), out _);

        Assert.Equal("limit", wrong?.Param);
    }

    private static IQueryCollection Query(string query)
    {
        var http = new DefaultHttpContext();
        http.Request.QueryString = new QueryString(query);
        return http.Request.Query;
    }
}
