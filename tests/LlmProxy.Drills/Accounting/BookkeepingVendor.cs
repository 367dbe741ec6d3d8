using System.Collections.Concurrent;
using System.Text.Json;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Accounting;

/// <summary>A vendor that knows every call by the name in its user field and reports a usage that follows from it.</summary>
internal sealed class BookkeepingVendor : IAsyncDisposable
{
    /// <summary>USD per million tokens.</summary>
    private const int InputPrice = 1;
    private const int OutputPrice = 2;
    private const long UnitsPerUsd = 10_000_000_000;

    /// <summary>More than all calls together cost: nothing is refused, everything is counted.</summary>
    public const int BudgetUsd = 10_000;
    private static readonly string[] Fallbacks = ["main"];

    private readonly ScriptedUpstream _upstream;

    private BookkeepingVendor(ScriptedUpstream upstream)
    {
        _upstream = upstream;
    }

    /// <summary>Calls that have come here, whatever became of them.</summary>
    public ConcurrentDictionary<string, bool> Begun { get; } = new();

    public static async Task<BookkeepingVendor> StartAsync()
    {
        var vendor = new BookkeepingVendor(await ScriptedUpstream.StartAsync());
        vendor._upstream.Otherwise(vendor.AnswerAsync);
        vendor._upstream.On("overloaded", call =>
        {
            vendor.Begun.TryAdd(NameOf(call), true);
            return Answers.Error(500, "overloaded")(call);
        });
        return vendor;
    }

    public static (long Input, long Output) UsageOf(string call)
    {
        uint hash = 2166136261;
        foreach (char one in call)
        {
            hash = (hash ^ one) * 16777619;
        }

        return (10 + (hash % 5000), 1 + (hash / 5000 % 2000));
    }

    public static long CostUnits(long input, long output) => ((input * InputPrice) + (output * OutputPrice)) * (UnitsPerUsd / 1_000_000);

    public static double Usd(long units) => units / (double)UnitsPerUsd;

    public GatewaySettings Settings(string directory, string connection) => new()
    {
        WorkingDirectory = directory,
        Config = JsonSerializer.Serialize(new
        {
            LlmProxy = new
            {
                Database = new { Connection = connection },
                Workspaces = new object[] { new { Name = "default", BudgetUsd = BudgetUsd, BudgetPeriod = "total" } },
                Resilience = new { BreakerFailures = 10_000, MaxRetries = 0 },
                Llms = new object[]
                {
                    new { Name = "main", Provider = "custom", Model = "main", _upstream.BaseUrl, InputPricePerMillion = InputPrice, OutputPricePerMillion = OutputPrice },
                    new { Name = "flaky", Provider = "custom", Model = "overloaded", _upstream.BaseUrl, InputPricePerMillion = InputPrice, OutputPricePerMillion = OutputPrice, Fallbacks },
                },
            },
        }),
    };

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private static string NameOf(UpstreamCall call) => call.Json["user"]!.ToString();

    private static string Usage(string name)
    {
        (long input, long output) = UsageOf(name);
        return $$"""{"prompt_tokens":{{input}},"completion_tokens":{{output}},"total_tokens":{{input + output}}}""";
    }

    private async Task AnswerAsync(UpstreamCall call)
    {
        string name = NameOf(call);
        Begun.TryAdd(name, true);
        int pace = name.GetHashCode(StringComparison.Ordinal) & 7;
        if (!call.WantsStream)
        {
            await Task.Delay(pace, call.Http.RequestAborted);
            await Answers.Json($$"""{"id":"1","object":"chat.completion","created":1,"model":"main","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{{Usage(name)}}}""")(call);
            return;
        }

        List<Step> steps = [];
        for (int i = 0; i < 10 + (pace * 4); i++)
        {
            steps.Add(Step.Send(OpenAiAnswers.ContentChunk($"word{i} ")));
            steps.Add(Step.Pause(TimeSpan.FromMilliseconds(pace)));
        }

        steps.Add(Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"")));
        steps.Add(Step.Send($$"""data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"main","choices":[],"usage":{{Usage(name)}}}""" + "\n\n" + OpenAiAnswers.Done));
        await Answers.Sse([.. steps])(call);
    }
}
