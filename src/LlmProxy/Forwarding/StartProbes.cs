using LlmProxy.Configuration;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>Looks once at every LLM's address and credential, without a token: what it shows is told, never fatal.</summary>
internal sealed class StartProbes(SnapshotHolder snapshots, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll(snapshots.Current.Llms.Values.Where(llm => llm is { Unavailable: null, State.LastProbe: null }).Select(llm => ProbeAsync(llm, cancellation)));

    private async Task ProbeAsync(Deployment llm, CancellationToken cancellation)
    {
        if (llm.IsDummy || llm.Replicas.Count == 0)
        {
            llm.State.Looked(llm.Options, new ProbeResult(true, "built in", time.GetUtcNow(), 0));
            return;
        }

        long begun = time.GetTimestamp();
        (bool isAlive, string detail) = await LookAsync(llm, cancellation);
        llm.State.Looked(llm.Options, new ProbeResult(isAlive, detail, time.GetUtcNow(), time.GetElapsedTime(begun).TotalMilliseconds));
    }

    private static async Task<(bool IsAlive, string Detail)> LookAsync(Deployment llm, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        string address = llm.Replicas[0].BaseAddress;
        try
        {
            using HttpRequestMessage request = await ProbeRequests.CreateAsync(llm, llm.Provider.CredentialProbeAddress(address), patience.Token);
            using HttpResponseMessage response = await llm.Cluster!.Model.HttpClient.SendAsync(request, patience.Token);
            int status = (int)response.StatusCode;
            return status switch
            {
                401 or 403 => (true, $"answers, but refuses the credential ({status})"),
                >= 500 => (false, $"answers {status}"),
                _ => (true, "reachable"),
            };
        }
        catch (OperationCanceledException)
        {
            return (false, $"no answer from {address} within {Patience.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (false, TransportFailures.BeforeAnswer(e, new RouteTarget(llm, llm.Options.Model), address, Patience).Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Cloud credential chains fail in many ways of their own; a look may not take the gateway down.
            return (false, $"the credential could not be had ({e.GetType().Name})");
        }
    }
}
