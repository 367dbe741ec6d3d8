using LlmProxy.Configuration.Options;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Forwarding;

/// <summary>How one of an LLM's replicas is chosen. YARP's own policies count calls that only its middleware counts; these read ours.</summary>
internal static class ReplicaPolicies
{
    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<DestinationState, Replica> Replicas = [];

    /// <summary>Where nothing asks the engines for their load, the calls that run there stand for it.</summary>
    public static string NameOf(ReplicaPolicy policy) => "llmproxy_" + (policy == ReplicaPolicy.LeastLoad ? ReplicaPolicy.LeastRequests : policy);

    public static void AddTo(IServiceCollection services)
    {
        services.AddSingleton<ILoadBalancingPolicy, LeastRequests>();
        services.AddSingleton<ILoadBalancingPolicy, RoundRobin>();
        services.AddSingleton<ILoadBalancingPolicy, PrefixAffinity>();
        services.AddSingleton<ILoadBalancingPolicy, SessionAffinity>();
    }

    /// <summary>The replica behind a destination: one for the destination's whole life, over all configurations.</summary>
    public static Replica Of(DestinationState destination, string address) =>
        Replicas.GetValue(destination, state => new Replica(state, address));

    public static int Running(DestinationState destination) =>
        Replicas.TryGetValue(destination, out Replica? replica) ? replica.Running : 0;

    public static DestinationState? LeastBusy(IReadOnlyList<DestinationState> available)
    {
        if (available.Count < 2)
        {
            return available.Count == 0 ? null : available[0];
        }

        // Beginning anywhere shares the calls evenly while nobody is busy.
        int offset = Random.Shared.Next(available.Count);
        DestinationState best = available[offset];
        int least = Running(best);
        for (int i = 1; i < available.Count && least > 0; i++)
        {
            DestinationState next = available[(offset + i) % available.Count];
            int running = Running(next);
            if (running < least)
            {
                (best, least) = (next, running);
            }
        }

        return best;
    }

    /// <summary>The same text always finds the same replica, and when one leaves only its own texts move.</summary>
    public static DestinationState? ByHash(ulong hash, IReadOnlyList<DestinationState> available)
    {
        DestinationState? best = null;
        ulong highest = 0;
        foreach (DestinationState destination in available)
        {
            ulong score = StableHash.Mix(hash, destination.DestinationId);
            if (best is null || score > highest)
            {
                (best, highest) = (destination, score);
            }
        }

        return best;
    }
}

/// <summary>The replica with the fewest running calls.</summary>
internal sealed class LeastRequests : ILoadBalancingPolicy
{
    public string Name => ReplicaPolicies.NameOf(ReplicaPolicy.LeastRequests);

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations) =>
        ReplicaPolicies.LeastBusy(availableDestinations);
}

/// <summary>One after the other.</summary>
internal sealed class RoundRobin : ILoadBalancingPolicy
{
    private readonly System.Runtime.CompilerServices.ConditionalWeakTable<ClusterState, Counter> _turns = [];

    public string Name => ReplicaPolicies.NameOf(ReplicaPolicy.RoundRobin);

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        if (availableDestinations.Count == 0)
        {
            return null;
        }

        uint turn = _turns.GetOrCreateValue(cluster).Next();
        return availableDestinations[(int)(turn % (uint)availableDestinations.Count)];
    }

    private sealed class Counter
    {
        private uint _value;

        public uint Next() => Interlocked.Increment(ref _value) - 1;
    }
}

/// <summary>Calls of one session stay on one replica while it lives.</summary>
internal sealed class SessionAffinity : ILoadBalancingPolicy
{
    public string Name => ReplicaPolicies.NameOf(ReplicaPolicy.Session);

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        Pipeline.Exchange? exchange = context.Features.Get<Pipeline.Exchange>();
        string? session = exchange?.Wishes.Session ?? exchange?.EndUser;
        return session is null
            ? ReplicaPolicies.LeastBusy(availableDestinations)
            : ReplicaPolicies.ByHash(StableHash.Of(System.Text.Encoding.UTF8.GetBytes(session)), availableDestinations);
    }
}

/// <summary>Requests that begin alike go where that beginning is cached, until that replica is clearly busier than the rest.</summary>
internal sealed class PrefixAffinity : ILoadBalancingPolicy
{
    private const int PrefixBytes = 2048;
    private const int Slack = 4;

    public string Name => ReplicaPolicies.NameOf(ReplicaPolicy.PrefixAffinity);

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        Pipeline.Exchange? exchange = context.Features.Get<Pipeline.Exchange>();
        ReadOnlySpan<byte> prompt = exchange is null ? default : exchange.PromptText;
        if (prompt.IsEmpty || availableDestinations.Count < 2)
        {
            return ReplicaPolicies.LeastBusy(availableDestinations);
        }

        DestinationState warm = ReplicaPolicies.ByHash(StableHash.Of(prompt[..Math.Min(prompt.Length, PrefixBytes)]), availableDestinations)!;
        DestinationState idle = ReplicaPolicies.LeastBusy(availableDestinations)!;
        return ReplicaPolicies.Running(warm) > (ReplicaPolicies.Running(idle) * 2) + Slack ? idle : warm;
    }
}
