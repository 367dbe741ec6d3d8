using System.Net;
using System.Text.Json;
using LlmProxy.Configuration.Options;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Dummy;

/// <summary>
/// Answers in process what a server of OpenAI's dialect answers over the network, so that the dummy's calls take the
/// same way through the gateway as everyone else's.
/// </summary>
internal sealed class DummyHandler(LlmOptions llm, TimeProvider time) : HttpMessageHandler
{
    private const double GoldenRatio = 0.618033988749894848;

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = JsonMembers.MaxDepth };

    private readonly DummySettings _settings = DummySettings.Read(llm.Config);
    private readonly string _model = llm.Model is "*" or "" ? "dummy" : llm.Model;
    private long _calls;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await AnswerAsync(request, cancellationToken);
        }
        catch (DummyRefusal refusal)
        {
            response = DummyAnswers.Error(refusal.Status, refusal.Message, refusal.Param, refusal.Code);
        }

        response.RequestMessage = request;
        response.Headers.TryAddWithoutValidation("x-request-id", DummyCall.NewId("req_"));
        return response;
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        string path = request.RequestUri!.AbsolutePath;
        path = path.StartsWith("/v1/", StringComparison.OrdinalIgnoreCase) ? path[4..] : path.TrimStart('/');
        if (request.Method == HttpMethod.Get)
        {
            return Look(path);
        }

        if (request.Method != HttpMethod.Post || request.Content is null)
        {
            throw new DummyRefusal(405, $"Not allowed to {request.Method} on /v1/{path}.", code: "method_not_supported");
        }

        byte[] body = await request.Content.ReadAsByteArrayAsync(cancellation);
        if (_settings.Delay > TimeSpan.Zero)
        {
            await Task.Delay(_settings.Delay, time, cancellation);
        }

        if (IsToFail())
        {
            return Fail();
        }

        if (path == "audio/transcriptions")
        {
            return await DummyTranscriptions.AnswerAsync(request.Content, body, cancellation);
        }

        var call = new DummyCall(Parse(body), _model, _settings, time);
        return path switch
        {
            "chat/completions" => DummyChat.Answer(call, cancellation),
            "completions" => DummyCompletions.Answer(call, cancellation),
            "embeddings" => DummyEmbeddings.Answer(call),
            "responses" => DummyResponses.Answer(call, cancellation),
            "responses/input_tokens" => DummyResponses.CountInput(call),
            "moderations" => DummyModerations.Answer(call),
            "images/generations" => DummyImages.Answer(call),
            "audio/speech" => DummySpeech.Answer(call),
            "rerank" => DummyRerank.Answer(call),
            _ => throw UnknownPath("POST", path),
        };
    }

    private HttpResponseMessage Look(string path)
    {
        long created = time.GetUtcNow().ToUnixTimeSeconds();
        if (path == "models")
        {
            return DummyAnswers.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("object", "list");
                json.WriteStartArray("data");
                WriteModel(json, _model, created);
                json.WriteEndArray();
                json.WriteEndObject();
            });
        }

        const string One = "models/";
        return path.StartsWith(One, StringComparison.Ordinal) && path.Length > One.Length
            ? DummyAnswers.Json(json => WriteModel(json, Uri.UnescapeDataString(path[One.Length..]), created))
            : throw UnknownPath("GET", path);
    }

    private static void WriteModel(Utf8JsonWriter json, string model, long created)
    {
        json.WriteStartObject();
        json.WriteString("id", model);
        json.WriteString("object", "model");
        json.WriteNumber("created", created);
        json.WriteString("owned_by", "dummy");
        json.WriteEndObject();
    }

    /// <summary>Multiples of the golden ratio lie evenly between 0 and 1: the same calls fail in every run, in the asked share.</summary>
    private bool IsToFail()
    {
        long number = Interlocked.Increment(ref _calls);
        double place = number * GoldenRatio;
        return place - Math.Floor(place) < _settings.FailureRate;
    }

    private HttpResponseMessage Fail()
    {
        int status = _settings.FailureStatus;
        HttpResponseMessage response = DummyAnswers.Error(status, $"The dummy was told to fail (Config.failure_rate) with {status}.", code: "dummy_failure");
        if (status is 429 or 503)
        {
            response.Headers.TryAddWithoutValidation("Retry-After", "1");
        }

        return response;
    }

    private static JsonElement Parse(byte[] body)
    {
        try
        {
            // An element of its own document: streams go on reading it after this method has ended.
            JsonElement root = JsonElement.Parse(body, Reading);
            if (root.ValueKind == JsonValueKind.Object)
            {
                return root;
            }
        }
        catch (JsonException)
        {
            // Said below, as for every other body that is no object.
        }

        throw new DummyRefusal(400, "We could not parse the JSON body of your request: a JSON object is expected.", code: "invalid_json");
    }

    private static DummyRefusal UnknownPath(string method, string path) =>
        new((int)HttpStatusCode.NotFound, $"Unknown request URL: {method} /v1/{path}. The dummy does not do this.", code: "unknown_url");
}
