using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Faults;

/// <summary>
/// Proves docs/faults.md: each fault is met by one LLM, by the first of three and by all three, in plain calls and in
/// streams. With LLMPROXY_RECORD=1 the page is written anew; it shows what was seen, and that has to be what the
/// contract says.
/// </summary>
public sealed class FaultMatrixTests(FaultRig rig) : IClassFixture<FaultRig>
{
    private static readonly Dictionary<string, Cell> Cells = Cell.All.ToDictionary(cell => cell.Name);

    public static TheoryData<string> Names => [.. Cells.Keys];

    public static TheoryData<string> Pairs => [.. Pair.All.Select(pair => pair.ToString())];

    private static string Page { get; } = Path.Combine(GatewayBinary.RepositoryRoot, "docs", "faults.md");

    [Theory]
    [MemberData(nameof(Names))]
    public void Call_MeetsAFault_EndsAsTheContractSays(string cell)
    {
        Outcome seen = rig[Cells[cell]];
        Ending ending = seen.Cell.Fault.For(seen.Cell.Stream)!;

        string expected = ending.Expected(seen.Cell.Setup);
        Assert.True(expected == seen.Text, $"expected {expected}\nsaw      {seen.Text}\n{seen.Body}");
        Assert.Equal(seen.Tries.Sum().ToString(System.Globalization.CultureInfo.InvariantCulture), seen.Header("x-llm-attempts"));
        Assert.DoesNotContain(FaultRig.Secret, seen.Body, StringComparison.Ordinal);
        if (seen.ErrorJson is { } error)
        {
            CheckError(seen, ending, error);
        }

        if (seen.Cell.Fault.IsSeen)
        {
            Assert.Equal(seen.Tries, seen.Seen); // No try that nobody counted.
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Llm_OneOfTwoReplicasHasTheFault_TheOtherIsAskedAtOnce(string pair)
    {
        // Taking turns, one of the two calls comes to the faulty replica first, whichever that is.
        Assert.Equal((200, 200, 3), rig[Pair.All.Single(p => p.ToString() == pair)]);
    }

    [Fact]
    public void Matrix_EveryFault_IsWhatTheDocsSay()
    {
        string page = Written();
        if (Environment.GetEnvironmentVariable("LLMPROXY_RECORD") == "1")
        {
            File.WriteAllText(Page, page);
        }

        Assert.Equal(File.ReadAllText(Page).ReplaceLineEndings("\n"), page);
    }

    [Fact]
    public async Task Vendor_ThatWasGivenUp_GeneratesNoLonger()
    {
        foreach (Cell cell in Cell.All.Where(cell => cell.Fault.Hangs))
        {
            foreach (UpstreamCall call in cell.Llms.Where((_, place) => cell.IsFaulty(place)).SelectMany(llm => rig.Upstream.CallsFor(llm)))
            {
                await call.Aborted;
            }
        }
    }

    [Fact]
    public void RetryAfter_OfTheLastLlm_IsWaitedFor()
    {
        Cell cell = Cell.All.Single(c => c.Fault.Name.Contains("above MaxDelayMs", StringComparison.Ordinal) && c is { Stream: false, Setup: Setup.AllThree });

        long[] arrivals = [.. rig.Upstream.CallsFor(cell.Llms[2]).Select(call => call.ArrivedAt)];

        Assert.Equal(3, arrivals.Length);
        Assert.All(arrivals.Zip(arrivals.Skip(1)), pair =>
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(pair.First, pair.Second) > TimeSpan.FromMilliseconds(950), "asked before its time"));
    }

    [Fact]
    public void Log_OfAllFaults_HasNoStackAndNoSecret()
    {
        Assert.DoesNotContain(rig.Gateway.Logs.Lines, line =>
            line.Contains("   at ", StringComparison.Ordinal) || line.Contains("Unhandled", StringComparison.OrdinalIgnoreCase) || line.Contains(FaultRig.Secret, StringComparison.Ordinal));
    }

    private static void CheckError(Outcome seen, Ending ending, string error)
    {
        // The event in a stream has the status that the answer would have had.
        int status = seen.Status == 200 ? (ending.Code == "provider_timeout" ? 504 : 502) : seen.Status;
        string message = Expect.Error(error, status, seen.Code!);
        JsonNode node = JsonNode.Parse(error)!["error"]!;
        Assert.Equal(seen.Header("x-request-id"), node["request_id"]?.ToString());
        Assert.DoesNotContain("[DONE]", seen.Body, StringComparison.Ordinal);
        if (seen.Code == "all_providers_failed")
        {
            Assert.All(seen.Cell.Llms, llm => Assert.Contains($"[{llm}] {ending.Code}", message, StringComparison.Ordinal));
        }

        if (ending.Code is "provider_auth_failed" or "provider_quota_exhausted" && seen.Cell.Setup == Setup.One)
        {
            Assert.Equal("false", seen.Header("x-should-retry"));
        }
    }

    private string Written()
    {
        var page = new StringBuilder("""
            # What becomes of each fault

            Each fault is put to the built gateway by a vendor that does exactly that, in a plain call and in a stream; it is met by
            a named LLM that has nobody to follow it, by the first LLM of a chain of three, and by all three of a chain.

            - **tries** are counted per LLM in the order of the chain: `3 + 1 + 0` is three tries at the first (the call and `MaxRetries: 2`
              retries), one at the second, none at the third. `x-llm-attempts` says their sum.
            - **`200 from the second (...)`**: a whole answer; in parentheses why the first was not the one, as `x-llm-fallback` says it.
            - **an error event** ends a stream whose words had already reached the client: after output nobody else is asked, and
              `[DONE]` never follows.
            - A fault of one replica out of two (everything below that is the vendor's and not the request's or the account's) costs one
              more try at the other replica, at once; that is tested, too, but has no column.
            - `MaxDelayMs` is 500 here and `DeadlineSeconds` 20; the LLMs that hang have time-outs of one second.

            This page is written by `FaultMatrixTests` from what happened, and checked against the contract's expectations in every build.


            """.ReplaceLineEndings("\n"));
        foreach (bool stream in new[] { false, true })
        {
            page.Append($"## {(stream ? "Streams" : "Plain calls")}\n\n| fault | one LLM | first of three | all three |\n|---|---|---|---|\n");
            foreach (Fault fault in FaultList.All.Where(fault => fault.For(stream) is not null))
            {
                page.Append($"| {fault.Name} | {string.Join(" | ", Enum.GetValues<Setup>().Select(setup => rig[Cells[Cell.NameOf(fault, stream, setup)]].Text))} |\n");
            }

            page.Append('\n');
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }
}
