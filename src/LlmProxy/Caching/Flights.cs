using System.Collections.Concurrent;

namespace LlmProxy.Caching;

/// <summary>The calls under way that equal ones may wait for: one for each key.</summary>
internal sealed class Flights
{
    private readonly ConcurrentDictionary<CacheKey, Flight> _running = new();

    public int Running => _running.Count;

    /// <summary>Another call's flight that this one has joined; or its own, which others may join from now on.</summary>
    public Flight JoinOrLead(Flight own)
    {
        while (true)
        {
            Flight flight = _running.GetOrAdd(own.Key, own);
            if (flight == own || flight.TryJoin(Replay.IsLive(own.Leader, flight)))
            {
                return flight;
            }

            Remove(flight);
        }
    }

    /// <summary>Leads where nobody does; else it is left to itself.</summary>
    public void TryLead(Flight own) => _running.TryAdd(own.Key, own);

    public void Remove(Flight flight) => _running.TryRemove(KeyValuePair.Create(flight.Key, flight));
}
