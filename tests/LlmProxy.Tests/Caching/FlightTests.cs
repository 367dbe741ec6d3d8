using System.Buffers;
using System.Text;
using LlmProxy.Caching;
using LlmProxy.Pipeline;
using LlmProxy.Tests.Conversation;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Tests.Caching;

public sealed class FlightTests : IDisposable
{
    private readonly CancellationTokenSource _client = new();
    private readonly Exchange _leader = Turns.Exchange("""{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}""");

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Follower_WhoComesLate_FirstHasWhatHasBeen()
    {
        Flight flight = Boarded();
        await WriteAsync("one ");
        Assert.True(flight.TryJoin(isLive: true));
        int at = Read(flight, 0, out string first);
        await WriteAsync("two");

        Read(flight, at, out string second);

        Assert.Equal(("one ", "two"), (first, second));
        Assert.Equal("one two", Encoding.UTF8.GetString(flight.TakeWhole()!));
    }

    [Fact]
    public async Task Bytes_NotYetFlushed_AreNobodysYet()
    {
        Flight flight = Boarded();
        flight.TryJoin(isLive: true);
        _leader.Http.Response.BodyWriter.Write("held"u8);
        Assert.Equal(0, flight.Look(isLive: true).Published);

        Task changed = flight.Look(isLive: true).Changed;
        await _leader.Http.Response.BodyWriter.FlushAsync();

        Assert.True(changed.IsCompleted);
        Assert.Equal(4, flight.Look(isLive: true).Published);
    }

    [Fact]
    public async Task KeepAlive_IsNoPartOfTheAnswer()
    {
        Flight flight = Boarded();
        await WriteAsync(": keep-alive\n\n");
        await WriteAsync("data: 1\n\n");

        Assert.Equal("data: 1\n\n", Encoding.UTF8.GetString(flight.TakeWhole()!));
    }

    [Fact]
    public async Task Client_Leaves_TheCallGoesOnUntilTheLastFollowerHasGone()
    {
        Flight flight = Boarded();
        flight.TryJoin(isLive: true);
        flight.TryJoin(isLive: false);
        await _client.CancelAsync();
        Assert.False(_leader.Http.RequestAborted.IsCancellationRequested);
        Assert.True(_leader.IsClientGone);
        await WriteAsync("still noted");

        flight.Leave(isLive: true);
        Assert.False(_leader.Http.RequestAborted.IsCancellationRequested);
        flight.Leave(isLive: false);

        Assert.True(_leader.Http.RequestAborted.IsCancellationRequested);
        Assert.True(flight.IsGivenUp);
        Assert.False(flight.TryJoin(isLive: true));
    }

    [Fact]
    public async Task Client_LeavesAlone_TheCallEnds()
    {
        Flight flight = Boarded();

        await _client.CancelAsync();

        Assert.True(_leader.Http.RequestAborted.IsCancellationRequested);
        Assert.False(flight.IsDetached);
        Assert.False(flight.TryJoin(isLive: false));
    }

    [Fact]
    public async Task Answer_BeyondItsShare_IsGoneForAllButThoseWhoHaveBegun()
    {
        Flight flight = Boarded(most: 10);
        flight.TryJoin(isLive: true);
        flight.TryJoin(isLive: false);
        Task changed = flight.Look(isLive: false).Changed;

        await WriteAsync("more than ten bytes");

        Assert.True(changed.IsCompleted);
        Assert.Equal(FlightEnd.Abandoned, flight.Look(isLive: false).End);
        Assert.Equal(FlightEnd.Running, flight.Look(isLive: true).End);
        Read(flight, 0, out string text);
        Assert.Equal("more than ten bytes", text);
        Assert.Null(flight.TakeWhole());
        Assert.False(flight.TryJoin(isLive: true));
    }

    [Fact]
    public async Task Answer_BeyondItsShare_WithNobodyToSendItTo_IsDroppedAtOnce()
    {
        Flight flight = Boarded(most: 10);
        long before = _leader.Budget.Taken;

        await WriteAsync("more than ten bytes");
        await WriteAsync("and more");

        Assert.Equal(before, _leader.Budget.Taken);
        Assert.Null(flight.TakeWhole());
    }

    [Fact]
    public async Task Memory_ThatIsNotThere_CostsTheCopyAndNotTheAnswer()
    {
        Flight flight = Boarded();
        flight.TryJoin(isLive: true);
        _leader.Budget.SetLimit(_leader.Budget.Taken + 1);

        await WriteAsync("text");

        Assert.Equal(FlightEnd.Failed, flight.Look(isLive: true).End);
        Assert.Null(flight.TakeWhole());
        Assert.Equal("text", Encoding.UTF8.GetString(((MemoryStream)_leader.Http.Response.Body).ToArray()));
    }

    [Fact]
    public async Task End_GivesTheMemoryBackWhenTheLastLiveFollowerHasGone()
    {
        Flight flight = Boarded();
        long before = _leader.Budget.Taken;
        flight.TryJoin(isLive: true);
        await WriteAsync("text");
        flight.End(FlightEnd.Landed, null, null, null);
        Assert.True(_leader.Budget.Taken > before);

        flight.Leave(isLive: true);

        Assert.Equal(before, _leader.Budget.Taken);
    }

    [Fact]
    public void Flights_OfOneKey_HaveOneLeaderAtATime()
    {
        var flights = new Flights();
        Flight first = flights.JoinOrLead(new Flight(default, _leader, 100));
        Flight second = flights.JoinOrLead(new Flight(default, _leader, 100));
        Assert.Same(first, second);

        first.End(FlightEnd.Failed, null, null, null);
        Flight third = flights.JoinOrLead(new Flight(default, _leader, 100));

        Assert.NotSame(first, third);
        flights.Remove(first);
        Assert.Equal(1, flights.Running);
        flights.Remove(third);
        Assert.Equal(0, flights.Running);
    }

    private Flight Boarded(long most = 1000)
    {
        _leader.Http.Response.Body = new MemoryStream();
        _leader.Http.RequestAborted = _client.Token;
        var flight = new Flight(default, _leader, most);
        flight.Board();
        return flight;
    }

    private async Task WriteAsync(string text) => await _leader.Http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text));

    private static int Read(Flight flight, int from, out string text)
    {
        var output = new ArrayBufferWriter<byte>();
        int at = flight.CopyTo(from, output, out _);
        text = Encoding.UTF8.GetString(output.WrittenSpan);
        return at;
    }
}
