using System.Net.Http.Headers;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Providers.Ollama;

/// <summary>Says whose fault a refusal of Ollama was: its errors are one sentence and no code.</summary>
internal static class OllamaFailure
{
    /// <summary>Sent with 500 by servers that notice it only while they work.</summary>
    private static readonly string[] TooLong =
        ["exceeds the context length", "exceeds maximum context length", "longer than the context length", "exceeds the available context"];

    public static VendorFailure Read(int status, HttpResponseHeaders headers, ReadOnlySpan<byte> body, VendorLabel vendor)
    {
        VendorError error = ErrorReader.Read(body);
        return IsTooLong(error) ? ContextLength(error, vendor) : Explain(OpenAiFailure.Read(status, headers, body, vendor), error, vendor);
    }

    /// <summary>A line {"error": "..."} in a stream that has begun, or in an answer that came as a success.</summary>
    public static VendorFailure Inside(ReadOnlySpan<byte> line, VendorLabel vendor)
    {
        VendorError error = ErrorReader.Read(line);
        if (error.Status == 0 && Says(error, "not found") && Says(error, "model"))
        {
            error.Status = 404;
        }

        return IsTooLong(error) ? ContextLength(error, vendor) : Explain(OpenAiFailure.Inside(error, vendor), error, vendor);
    }

    private static VendorFailure Explain(VendorFailure failure, in VendorError error, VendorLabel vendor)
    {
        if (failure.Code == ErrorCode.ModelNotFound)
        {
            return failure with { Message = $"{failure.Message.TrimEnd('.')}. Load it on that server with \"ollama pull\", or correct the Model of LLM \"{vendor.Llm}\"." };
        }

        // "llama3 does not support tools": another model may.
        return Says(error, "does not support") ? failure with { IsFinal = false } : failure;
    }

    private static VendorFailure ContextLength(VendorError error, VendorLabel vendor)
    {
        error.Status = 400;
        error.Code = "context_length_exceeded";
        return OpenAiFailure.Inside(error, vendor);
    }

    private static bool IsTooLong(in VendorError error)
    {
        foreach (string phrase in TooLong)
        {
            if (Says(error, phrase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Says(in VendorError error, string words) => error.Message?.Contains(words, StringComparison.OrdinalIgnoreCase) == true;
}
