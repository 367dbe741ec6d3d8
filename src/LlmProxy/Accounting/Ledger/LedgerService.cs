using LlmProxy.Accounting.Journal;
using LlmProxy.Storage;

namespace LlmProxy.Accounting.Ledger;

/// <summary>The journal's and the ledger's work beside the calls: ship, keep on the disk, take up what dead siblings left, and at the end settle what is open.</summary>
internal sealed class LedgerService(CallJournal journal, DatabaseKeeper database, LedgerRetention retention, LedgerGauges gauges, TimeProvider time, ILogger<LedgerService> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan ShipEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan TendEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AdoptEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _replayed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SiblingJournals _siblings = new(journal, logger);
    private volatile JournalTail? _tail;
    private LedgerShipper? _shipper;
    private Task _work = Task.CompletedTask;

    /// <summary>Completes when what dead siblings had left at the start is in the database: from then on the table alone tells what was spent before.</summary>
    public Task Replayed => _replayed.Task;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var rejected = new RejectedRows(journal.Root);
        _shipper = new LedgerShipper(() => database.Current, () => database.WhyAway, rejected, journal, time, logger);
        gauges.Watch(journal, rejected);
        Tend();
        CancellationToken stop = _stop.Token;
        _work = Task.WhenAll(Task.Run(() => ShipAllAsync(stop), stop), Task.Run(() => TendAsync(stop), stop), Task.Run(() => AdoptAsync(stop), stop), Task.Run(() => retention.RunAsync(stop), stop));
        return Task.CompletedTask;
    }

    /// <summary>After the last call has ended; the database is still there.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_tail is not { } tail)
        {
            return;
        }

        journal.SettleOpen();
        using var limit = new CancellationTokenSource(LastPatience, time);
        try
        {
            while (await _shipper!.ShipAsync(tail, limit.Token) == ShipResult.Shipped)
            {
            }
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            // What is left is the next owner's.
        }

        if (journal.Pending > 0)
        {
            logger.RowsStay(journal.Pending, journal.Root);
        }
        else
        {
            journal.Delete();
        }
    }

    public void Dispose()
    {
        _tail?.Dispose();
        _siblings.Dispose();
        _stop.Dispose();
    }

    private async Task ShipAllAsync(CancellationToken stop)
    {
        TimeSpan pause = ShipEvery;
        while (!stop.IsCancellationRequested)
        {
            ShipResult result = ShipResult.Away;
            try
            {
                result = await ShipOnceAsync(stop);
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                logger.JournalWorkFailed(e);
            }
            catch (Exception)
            {
                return;
            }

            if (result == ShipResult.Shipped)
            {
                continue;
            }

            // A database that is away is seen to be back at once; one that takes nothing is asked less and less often.
            pause = result == ShipResult.Nothing || database.Current is null ? ShipEvery : pause * 2 < LongestPause ? pause * 2 : LongestPause;
            await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Our own calls first, then a batch of what the dead left.</summary>
    private async Task<ShipResult> ShipOnceAsync(CancellationToken stop)
    {
        ShipResult own = _tail is { } tail ? await _shipper!.ShipAsync(tail, stop) : ShipResult.Nothing;
        if (own == ShipResult.Shipped || _siblings.Next is not { } dead)
        {
            return own;
        }

        ShipResult theirs = await _shipper!.ShipAsync(dead, stop);
        if (theirs == ShipResult.Nothing)
        {
            _siblings.Done(dead);
            if (_siblings.Next is null)
            {
                _replayed.TrySetResult();
            }

            return ShipResult.Shipped;
        }

        return theirs;
    }

    private async Task TendAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Tend();
            }
            catch (Exception e)
            {
                logger.JournalWorkFailed(e);
            }

            await Task.Delay(TendEvery, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Apart from the rest: to go through a large journal takes a while.</summary>
    private async Task AdoptAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                _siblings.Look();
            }
            catch (Exception e)
            {
                logger.JournalWorkFailed(e);
            }

            if (_siblings.Next is null)
            {
                _replayed.TrySetResult();
            }

            await Task.Delay(AdoptEvery, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Tend()
    {
        _tail ??= journal.TryOpen();
        journal.TellProgress();
        journal.Tend();
    }
}
