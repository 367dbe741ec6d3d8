using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>What is not paid by the token costs what it costs, in its row and in its key's budget.</summary>
public sealed class UnitCostTests(UnitCostTests.Fixture fixture) : IClassFixture<UnitCostTests.Fixture>
{
    private const string Key = "sk-units-0123456789abcdef";

    [Fact]
    public async Task Pictures_ArePaidByThePiece()
    {
        fixture.Upstream.On("paints", Answers.Json("""{"created":1700000000,"data":[{"b64_json":"YQ=="},{"b64_json":"YQ=="}]}"""));

        Reply reply = await PostAsync("/v1/images/generations", """{"model":"paints","prompt":"two cats","n":2}""");

        Assert.Equal(0.08m, await CostAsync(reply));
    }

    [Fact]
    public async Task Speech_IsPaidByTheLetter() =>
        Assert.Equal(0.000165m, await CostAsync(await PostAsync("/v1/audio/speech", """{"model":"speaks","voice":"alloy","input":"Hello world"}""")));

    [Fact]
    public async Task Speech_WhoseClientLeaves_IsPaidAllTheSame()
    {
        fixture.Upstream.Once("speaks", Answers.HangAfter(OpenAiAnswers.SpeechBytes, 1000));
        string mark = Guid.NewGuid().ToString();
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.PostAsync("/v1/audio/speech", """{"model":"speaks","voice":"alloy","input":"Hello world"}""", ("x-api-key", Key), ("x-request-id", mark));
        await client.ReadHeadAsync();

        client.Reset();

        JsonNode row = await RowAsync("client_request_id", mark);
        Assert.Equal(("client_gone", 0.000165m), ((string?)row["outcome"], (decimal?)row["cost_usd"]));
    }

    [Fact]
    public async Task Transcripts_ArePaidByTheMinute()
    {
        fixture.Upstream.On("", Answers.Json("""{"text":"hello","usage":{"type":"duration","seconds":90}}"""));
        const string form = "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nhears\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n--x--\r\n";

        Reply reply = await fixture.Client.PostAsync("/v1/audio/transcriptions", Encoding.ASCII.GetBytes(form), "multipart/form-data; boundary=x", ("x-api-key", Key));

        Assert.Equal(0.009m, await CostAsync(reply));
    }

    private Task<Reply> PostAsync(string path, string body) => fixture.Client.PostAsync(path, body, ("x-api-key", Key));

    /// <summary>The answer's cost, which its row tells and its key has spent.</summary>
    private async Task<decimal?> CostAsync(Reply reply)
    {
        Expect.Ok(reply);
        JsonNode row = await RowAsync("id", reply.Header("x-request-id")!);
        Assert.Equal(("success", "none"), ((string?)row["outcome"], (string?)row["usage_source"]));
        decimal sum = (await RowsAsync()).Sum(r => (decimal)r["cost_usd"]!);
        Assert.Equal(sum, (decimal?)(await fixture.Client.FetchAsync("/v1/key", ("x-api-key", Key))).Json["budget"]!["spent_usd"]);
        return (decimal?)row["cost_usd"];
    }

    private async Task<JsonNode> RowAsync(string field, string value)
    {
        JsonNode? found = null;
        await AdminCalls.UntilAsync(
            async () => (found = (await RowsAsync()).FirstOrDefault(row => (string?)row[field] == value)) is not null,
            () => "The row did not come. " + fixture.Gateway.Logs.Text);
        return found!;
    }

    private async Task<JsonNode[]> RowsAsync()
    {
        Reply rows = await fixture.Gateway.AdminAsync("requests?limit=500");
        return rows.Status == 200 ? [.. rows.Json["data"]!.AsArray().Select(row => row!)] : [];
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Auth = new { Mode = "keys", AdminKey = AdminCalls.Key },
                Keys = new object[] { new { Name = "units", Key, BudgetUsd = 10, BudgetPeriod = "total" } },
                Llms = new object[]
                {
                    new { Name = "paints", Provider = "custom", Model = "paints", Upstream.BaseUrl, PricePerImage = 0.04 },
                    new { Name = "speaks", Provider = "custom", Model = "speaks", Upstream.BaseUrl, PricePerMillionCharacters = 15 },
                    new { Name = "hears", Provider = "custom", Model = "hears", Upstream.BaseUrl, PricePerMinute = 0.006 },
                },
                Resilience = new { MaxRetries = 0 },
            }),
        };
    }
}
