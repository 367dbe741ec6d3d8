using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using LlmProxy.Access;
using LlmProxy.Accounting;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Tests.Conversation;

/// <summary>What a client got of a vendor's answer, and what the gateway read out of it.</summary>
internal sealed record Told(string Text, TokenUsage? Usage, string? Model, VendorFailure? Failure, bool IsComplete);

/// <summary>Calls without sockets: a client's request is read as the gateway reads it, and put to a vendor's translator.</summary>
internal static class Turns
{
    /// <summary>A request that has been read and passed every check of its own.</summary>
    public static Exchange Exchange(string json, EndpointKind? endpoint = null, params (string Name, string Value)[] headers) =>
        Exchange(json, TimeProvider.System, endpoint, headers);

    public static Exchange Exchange(string json, TimeProvider time, EndpointKind? endpoint = null, params (string Name, string Value)[] headers)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = "POST";
        http.Request.ContentType = "application/json";
        http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(json));
        foreach ((string name, string value) in headers)
        {
            http.Request.Headers[name] = value;
        }

        var options = new GatewayOptions();
        var snapshot = new GatewaySnapshot
        {
            Options = options,
            AuthMode = AuthMode.Open,
            Keys = new KeyRing(options),
            Llms = FrozenDictionary<string, Deployment>.Empty,
            Models = new ModelDirectory(options, []),
            Workspaces = FrozenDictionary<string, WorkspaceOptions>.Empty,
        };
        var exchange = new Exchange(http, endpoint ?? EndpointKind.Chat, snapshot, time, new BufferBudget(), new Shutdown(TimeProvider.System));
        ValueTask<GatewayError?> read = RequestReader.ReadAsync(exchange);
        GatewayError? refusal = read.IsCompleted ? read.Result : read.AsTask().GetAwaiter().GetResult();
        Assert.True(refusal is null, refusal?.Message);
        return exchange;
    }

    public static RouteTarget Target(string provider, string model = "m", Action<LlmOptions>? change = null)
    {
        var options = new LlmOptions { Name = "test", Provider = provider, Model = model };
        change?.Invoke(options);
        return new RouteTarget(new Deployment(options, ProviderCatalog.All[provider], new LlmState(provider, "test", TimeProvider.System)), model);
    }

    /// <summary>How the provider puts this request to its vendor.</summary>
    public static VendorCall Open(string provider, string json, string model = "m", EndpointKind? endpoint = null, Action<LlmOptions>? change = null, params (string Name, string Value)[] headers)
    {
        RouteTarget target = Target(provider, model, change);
        return target.Deployment.Provider.Open(Exchange(json, endpoint, headers), target, new AttemptFacts(1));
    }

    /// <summary>The body as it would be sent.</summary>
    public static string Body(VendorCall call, int request = 0)
    {
        using HttpContent content = call.Write(request)!;
        using var body = new MemoryStream();
        content.CopyToAsync(body, CancellationToken.None).GetAwaiter().GetResult(); // Bytes in memory: nothing is waited for.
        return Encoding.UTF8.GetString(body.ToArray());
    }

    public static string Body(string provider, string json, string model = "m", EndpointKind? endpoint = null, Action<LlmOptions>? change = null)
    {
        using VendorCall call = Open(provider, json, model, endpoint, change);
        return Body(call);
    }

    /// <summary>A whole answer (or several, for calls of several requests) as the client gets it.</summary>
    public static Told Whole(VendorCall call, params byte[][] answers)
    {
        _ = call.Write(0);
        using var client = new PooledWriter();
        PlainAnswer facts = call.ReadAnswer([.. answers.Select(a => new ReadOnlyMemory<byte>(a))], client);
        string text = call.IsTranslated ? Encoding.UTF8.GetString(client.Written) : Encoding.UTF8.GetString(answers[0]);
        return new Told(text, facts.Usage, facts.ReportedModel, facts.Failure, facts.Failure is null);
    }

    /// <summary>
    /// A stream as the client gets it, the vendor's bytes arriving in pieces that end at the cuts. As the relay does it:
    /// whole events through the translator, and nothing behind an error or the closing mark.
    /// </summary>
    public static Told Stream(VendorCall call, ReadOnlySpan<byte> vendor, IEnumerable<int>? cuts = null)
    {
        _ = call.Write(0);
        IStreamFramer framer = call.Stream.OpenFramer();
        IStreamTranslator translator = call.OpenStream();
        var client = new ArrayBufferWriter<byte>();
        byte[] all = vendor.ToArray();
        int start = 0;
        bool isOver = false;
        foreach (int end in (cuts ?? []).Where(cut => cut > 0 && cut < all.Length).Distinct().Order().Append(all.Length))
        {
            isOver = isOver || Digest(framer, translator, all.AsSpan(0, end), ended: false, client, ref start);
        }

        if (!isOver && !Digest(framer, translator, all, ended: true, client, ref start))
        {
            translator.Ended(client);
        }

        return new Told(Encoding.UTF8.GetString(client.WrittenSpan), translator.Usage, translator.ReportedModel, translator.Failure, translator.IsComplete);
    }

    public static Told Stream(VendorCall call, string vendor, IEnumerable<int>? cuts = null) => Stream(call, Encoding.UTF8.GetBytes(vendor), cuts);

    /// <summary>True when the stream is over: closed by its mark, or failed.</summary>
    private static bool Digest(IStreamFramer framer, IStreamTranslator translator, ReadOnlySpan<byte> buffer, bool ended, ArrayBufferWriter<byte> client, ref int start)
    {
        while (framer.TryRead(buffer[start..], ended, out int consumed, out StreamFrame frame))
        {
            var own = new ArrayBufferWriter<byte>();
            FrameVerdict verdict = translator.Translate(in frame, own);
            if ((verdict & FrameVerdict.Error) == 0)
            {
                client.Write((verdict & FrameVerdict.Pass) != 0 ? frame.Raw : own.WrittenSpan);
            }

            start += consumed;
            if ((verdict & (FrameVerdict.Error | FrameVerdict.End)) != 0)
            {
                return true;
            }
        }

        return false;
    }
}
