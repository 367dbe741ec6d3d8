using System.Text.Json.Nodes;
using LlmProxy.Providers;
using LlmProxy.Providers.Dummy;

namespace LlmProxy.Tests.Providers.Dummy;

public sealed class DummyFailureTests
{
    private const string Ask = """{"messages":[{"role":"user","content":"hi"}]}""";

    [Theory]
    [InlineData("0", 0)]
    [InlineData("0.25", 25)]
    [InlineData("0.5", 50)]
    [InlineData("1", 100)]
    public async Task FailureRate_OfAHundredCalls_IsMet(string rate, int expected)
    {
        List<bool> failed = await OutcomesAsync(rate);

        Assert.InRange(failed.Count(f => f), expected - 1, expected + 1);
        Assert.Equal(failed, await OutcomesAsync(rate)); // The same in every run.
    }

    [Fact]
    public async Task Failure_Status429_SaysWhenToComeBack()
    {
        using HttpResponseMessage response = await new DummyClient("{\"failure_rate\":1,\"failure_status\":429}").SendAsync("chat/completions", Ask);

        Assert.Equal(429, (int)response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
        Assert.Equal("rate_limit_error", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["type"]);
    }

    [Fact]
    public async Task Failure_ByDefault_Is500() =>
        Assert.Equal("server_error", (string?)(await new DummyClient("{\"failure_rate\":1}").RefusedAsync("chat/completions", Ask, 500))["type"]);

    [Fact]
    public async Task Failure_NeverMeetsProbes()
    {
        using HttpResponseMessage response = await new DummyClient("{\"failure_rate\":1}").SendAsync(HttpMethod.Get, "models");

        Assert.True(response.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("{\"delay_ms\":-1}", "delay_ms")]
    [InlineData("{\"chunk_delay_ms\":\"soon\"}", "chunk_delay_ms")]
    [InlineData("{\"words\":1.5}", "words")]
    [InlineData("{\"failure_rate\":2}", "failure_rate")]
    [InlineData("{\"failure_status\":200}", "failure_status")]
    [InlineData("{\"failure_status\":[500]}", "failure_status")]
    [InlineData("{\"words\":true}", "words")]
    public void Check_SettingsThatMeanNothing_AreNamed(string config, string key)
    {
        var llm = Llm.Of("dummy", "dummy");
        llm.Config = JsonNode.Parse(config)!.AsObject();

        Assert.Contains($"Config.{key}", Assert.Single(Llm.Provider("dummy").Check(llm)), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NumbersAsTextAndOtherCase_Count()
    {
        var settings = DummySettings.Read(JsonNode.Parse("""{"Delay_Ms":"20","failure_rate":"0.1","temperature":1}""")!.AsObject());

        Assert.Equal(TimeSpan.FromMilliseconds(20), settings.Delay);
        Assert.Equal(0.1, settings.FailureRate);
    }

    [Fact]
    public void Card_Settings_AreToldApartFromRequestFields()
    {
        ProviderCard card = ProviderCatalog.All["dummy"].Card;

        Assert.Equal("chunk_delay_ms,delay_ms,failure_rate,failure_status,words", string.Join(',', card.SettingKeys.Order(StringComparer.Ordinal)));
        Assert.Empty(ProviderCatalog.All["openai"].Card.SettingKeys);
    }

    private static async Task<List<bool>> OutcomesAsync(string rate)
    {
        var client = new DummyClient($"{{\"failure_rate\":{rate},\"words\":1}}");
        var failed = new List<bool>();
        for (int i = 0; i < 100; i++)
        {
            using HttpResponseMessage response = await client.SendAsync("chat/completions", Ask);
            failed.Add(!response.IsSuccessStatusCode);
        }

        return failed;
    }
}
