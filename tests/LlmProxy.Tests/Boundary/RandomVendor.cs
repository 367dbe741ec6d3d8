using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace LlmProxy.Tests.Boundary;

/// <summary>
/// Stands where an LLM's HTTP client would: notes that the LLM saw the call, reads all that it is sent, and then answers or
/// fails in one of the ways in which vendors do.
/// </summary>
internal sealed partial class RandomVendor(string llm, string provider, QuietTime time) : HttpMessageHandler
{
    private static readonly string[] Deeds =
    [
        "answer", "answer", "answer", "slow", "slow", "400", "context", "policy", "401", "404", "408", "429", "429 wait", "500", "503", "529", "refused", "dns", "reset",
        "html", "hang", "cut before", "cut after", "error inside", "redirect", "empty",
    ];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        BoundaryCase call = BoundaryCase.Current ?? throw new InvalidOperationException("Nobody's call.");
        var random = new Random(unchecked(call.VendorSeed + (31 * call.Seen.Count) + (7919 * llm[^1]))); // The same in every process, as the seed promises.
        string deed = call.AllIsWell ? "answer" : Deeds[random.Next(Deeds.Length)];
        byte[] body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        string text = Encoding.UTF8.GetString(body);
        time.Happened();
        call.Seen.Enqueue(new Sighting(llm, ModelOf(request, text), deed, body.Length));
        if (call.AllIsWell)
        {
            await call.Leaving!.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }

        foreach (Match mark in Mark().Matches(text))
        {
            call.Wrong ??= mark.Value == call.Mark ? null : $"{llm} got another call's prompt: {mark.Value}";
        }

        return await DoAsync(deed, request, text, random, cancellationToken);
    }

    private async Task<HttpResponseMessage> DoAsync(string deed, HttpRequestMessage request, string body, Random random, CancellationToken cancellation)
    {
        switch (deed)
        {
            case "refused":
                throw new HttpRequestException(HttpRequestError.ConnectionError);
            case "dns":
                throw new HttpRequestException(HttpRequestError.NameResolutionError);
            case "reset":
                throw new HttpRequestException(HttpRequestError.ResponseEnded);
            case "hang":
                await Task.Delay(Timeout.Infinite, cancellation);
                throw new InvalidOperationException("Unreachable.");
            case "slow":
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 600)), time, cancellation);
                break;
            case "html":
                return Answer(HttpStatusCode.OK, "text/html", "<html>hello</html>"u8.ToArray());
            case "empty":
                return Answer(HttpStatusCode.OK, "application/json", []);
            case "redirect":
                HttpResponseMessage moved = Answer(HttpStatusCode.TemporaryRedirect, "text/plain", []);
                moved.Headers.Location = new Uri("http://elsewhere.example/v1");
                return moved;
            case "context":
                return Refusal(400, "context_length_exceeded", "maximum context length is 100 tokens");
            case "policy":
                return Refusal(400, "content_policy_violation", "content policy");
            case "429 wait":
                HttpResponseMessage limited = Refusal(429, "rate_limit_exceeded", "slow down");
                limited.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(random.Next(1, 30)));
                return limited;
            default:
                break;
        }

        if (int.TryParse(deed, out int status))
        {
            return Refusal(status, "error", "no");
        }

        bool isStream = VendorAnswers.IsStream(provider, request, body);
        byte[] whole = VendorAnswers.Of(provider, request, isStream);
        (byte[] sent, bool breaks) = deed switch
        {
            "cut before" => (whole[..Math.Min(whole.Length / 10, 12)], true),
            "cut after" => (whole[..(whole.Length * 2 / 3)], true),
            "error inside" => (isStream ? "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"overloaded_error\",\"code\":529}}\n\n"u8.ToArray() : "{\"error\":{\"message\":\"no\"}}"u8.ToArray(), false),
            _ => (whole, false),
        };
        HttpResponseMessage response = Answer(HttpStatusCode.OK, VendorAnswers.TypeOf(provider, isStream), sent);
        response.Content = breaks ? new BreakingContent(sent, response.Content.Headers.ContentType!) : response.Content;
        return response;
    }

    private static string? ModelOf(HttpRequestMessage request, string body)
    {
        Match named = InBody().Match(body);
        Match addressed = InPath().Match(request.RequestUri!.AbsolutePath);
        return named.Success ? named.Groups[1].Value : addressed.Success ? Uri.UnescapeDataString(addressed.Groups[1].Value) : null;
    }

    private static HttpResponseMessage Refusal(int status, string code, string message) => Answer(
        (HttpStatusCode)status, "application/json", Encoding.UTF8.GetBytes($$$"""{"error":{"message":"{{{message}}}","type":"invalid_request_error","code":"{{{code}}}"}}"""));

    private static HttpResponseMessage Answer(HttpStatusCode status, string type, byte[] body) => new(status)
    {
        Content = new ByteArrayContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } },
    };

    [GeneratedRegex("mark-[0-9]+-end")]
    private static partial Regex Mark();

    [GeneratedRegex("\"model\"\\s*:\\s*\"([^\"]*)\"")]
    private static partial Regex InBody();

    [GeneratedRegex("/models/([^/:]+)")]
    private static partial Regex InPath();

    /// <summary>A body whose connection breaks at its end.</summary>
    private sealed class BreakingContent : HttpContent
    {
        private readonly byte[] _bytes;

        public BreakingContent(byte[] bytes, MediaTypeHeaderValue type)
        {
            _bytes = bytes;
            Headers.ContentType = type;
        }

        protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult<Stream>(new BreakingStream(_bytes));

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw new IOException("The connection broke.");

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class BreakingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position == Length ? throw new IOException("The connection broke.") : base.ReadAsync(buffer, cancellationToken);
    }
}
