using System.Text;

namespace LlmProxy.Benchmarks.Roles;

/// <summary>The plain chat answer of 1.3 KB and the model list.</summary>
internal static class BakedAnswer
{
    public static byte[] Plain { get; } = Encoding.UTF8.GetBytes(
        """
        {
          "id": "chatcmpl-BkQ2vXn0LwqSd7hUe3TzYcR9aJmFp",
          "object": "chat.completion",
          "created": 1754000000,
          "model": "gpt-4o-2024-08-06",
          "choices": [
            {
              "index": 0,
              "message": {
                "role": "assistant",
                "content": "A reverse proxy stands between its callers and the servers that do the work. It takes each request, decides which server should have it, passes it on and hands the answer back.\n\nThree things follow from where it stands:\n\n1. It can spread the load, since it sees every request.\n2. It can say no early, before work has been done.\n3. It can count what was used, because every answer goes through it.\n\nWhat it must not do is change the meaning of what passes.",
                "refusal": null,
                "annotations": []
              },
              "logprobs": null,
              "finish_reason": "stop"
            }
          ],
          "usage": {
            "prompt_tokens": 196,
            "completion_tokens": 104,
            "total_tokens": 300,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0 }
          },
          "service_tier": "default",
          "system_fingerprint": "fp_80956533cb"
        }

        """);

    public static byte[] Models { get; } = """{"object":"list","data":[{"id":"gpt-4o-2024-08-06","object":"model","created":1722814719,"owned_by":"system"}]}"""u8.ToArray();
}
