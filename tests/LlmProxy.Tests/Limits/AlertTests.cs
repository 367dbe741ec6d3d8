using System.Net;
using System.Text.Json;
using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Limits;

public sealed class AlertTests
{
    private static readonly int[] At = [50, 80, 100];

    private static readonly Alert Eighty = new()
    {
        Owner = BudgetOwner.Workspace,
        Name = "team \"a\"",
        At = new DateTimeOffset(2026, 5, 6, 7, 8, 9, TimeSpan.Zero),
        Percent = 80,
        Spent = Gates.Units(8.25m),
        Of = Gates.Units(10),
        Span = PeriodSpan.Of(BudgetPeriod.Month, new DateTimeOffset(2026, 5, 6, 0, 0, 0, TimeSpan.Zero)),
    };

    [Fact]
    public void Thresholds_Passed_AreToldOnceEachAndAgainOnlyInAnotherPeriod()
    {
        var marks = new BudgetMarks();
        var budget = new BudgetNumbers(1000, 100, BudgetPeriod.Month);

        Assert.Equal(["50$"], Pass(marks, budget, 500, 0));
        Assert.Equal([], Pass(marks, budget, 799, 49));
        Assert.Equal(["80$", "100$", "50t"], Pass(marks, budget, 5000, 50));
        Assert.Equal([], Pass(marks, budget, 9000, 50));
        Assert.Equal([], Pass(marks, budget with { Units = 10_000 }, 9000, 50)); // Raised: it stands at 90 %.
        Assert.Equal(["100$"], Pass(marks, budget with { Units = 10_000 }, 10_000, 50));
        Assert.Equal(["50$"], Pass(new BudgetMarks(), budget, 500, 0));
    }

    [Fact]
    public void Thresholds_AtTheEndOfAllNumbers_DoNotOverflow()
    {
        var budget = new BudgetNumbers(long.MaxValue, 0, BudgetPeriod.Total);

        Assert.Equal([], Pass(new BudgetMarks(), budget, (long.MaxValue / 2) - 1, 0));
        Assert.Equal(["50$", "80$", "100$"], Pass(new BudgetMarks(), budget, long.MaxValue, 0));
    }

    [Fact]
    public void Post_OfAThreshold_SaysWhoAndHowMuch()
    {
        JsonElement json = JsonDocument.Parse(AlertPost.Write(Eighty)).RootElement;

        Assert.Equal("budget_threshold", json.GetProperty("event").GetString());
        Assert.Equal("team \"a\"", json.GetProperty("workspace").GetString());
        Assert.Equal((80, 10m, 8.25m), (json.GetProperty("percent").GetInt32(), json.GetProperty("budget_usd").GetDecimal(), json.GetProperty("spent_usd").GetDecimal()));
        Assert.Equal("month", json.GetProperty("period").GetString());
        Assert.Contains("80 %", json.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Post_OfUnusualSpend_SaysWhatIsUsual()
    {
        JsonElement json = JsonDocument.Parse(AlertPost.Write(Eighty with { Owner = BudgetOwner.Key, Name = "ci", Percent = 0, Of = Gates.Units(0.5m) })).RootElement;

        Assert.Equal(("unusual_spend", "ci", 0.5m), (json.GetProperty("event").GetString(), json.GetProperty("key").GetString(), json.GetProperty("usual_usd").GetDecimal()));
    }

    [Fact]
    public async Task Post_Fails_IsTriedThreeTimesAndThenLeft()
    {
        var time = new FakeTimeProvider();
        var server = new Server(HttpStatusCode.InternalServerError);
        using var post = new AlertPost(time, NullLogger<AlertPost>.Instance, new HttpMessageInvoker(server));

        Task sending = post.SendAsync(Eighty, new Uri("http://alerts.test/secret"), CancellationToken.None);
        await UntilAsync(time, sending);

        Assert.Equal(3, server.Calls);
    }

    [Fact]
    public async Task Post_FailsOnce_IsTakenAtTheSecondTry()
    {
        var time = new FakeTimeProvider();
        var server = new Server(HttpStatusCode.BadGateway, HttpStatusCode.OK);
        using var post = new AlertPost(time, NullLogger<AlertPost>.Instance, new HttpMessageInvoker(server));

        await UntilAsync(time, post.SendAsync(Eighty, new Uri("http://alerts.test/"), CancellationToken.None));

        Assert.Equal(2, server.Calls);
    }

    private static async Task UntilAsync(FakeTimeProvider time, Task sending)
    {
        using var patience = new CancellationTokenSource(Gates.Patience);
        while (!sending.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await sending;
    }

    private static List<string> Pass(BudgetMarks marks, BudgetNumbers budget, long units, long tokens)
    {
        List<string> told = [];
        marks.Pass(budget, new Spend(units, tokens), At, (percent, isMoney) => told.Add($"{percent}{(isMoney ? '$' : 't')}"));
        return told;
    }

    private sealed class Server(params HttpStatusCode[] answers) : HttpMessageHandler
    {
        public int Calls { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(answers[Math.Min(Calls++, answers.Length - 1)]));
    }
}
