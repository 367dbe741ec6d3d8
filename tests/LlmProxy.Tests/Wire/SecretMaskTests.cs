using LlmProxy.Wire;

namespace LlmProxy.Tests.Wire;

public sealed class SecretMaskTests
{
    [Theory]
    [InlineData("Incorrect API key provided: sk-proj-abc123def456. You can find", "sk-proj")]
    [InlineData("Incorrect API key provided: sk-abcde*****************wxyz.", "wxyz")]
    [InlineData("Invalid key gsk_9aJk2lmNop3qrs", "9aJk2")]
    [InlineData("Header was 'Authorization: Bearer abc.def-123456'", "abc.def")]
    [InlineData("https://host/v1?key=AIzaSyA1234567890abcdefgh&alt=sse", "AIza")]
    [InlineData("https://host/v1?api_key=onlyletters&x=1", "onlyletters")]
    [InlineData("{\"api_key\":\"f00ba7f00ba7\"}", "f00ba7")]
    [InlineData("token: 'a1b2c3d4e5'", "a1b2c3")]
    [InlineData("the key 0123456789abcdef0123 is not known", "0123456789abcdef")]
    [InlineData("Access denied for AKIAIOSFODNN7EXAMPLE", "AKIA")]
    [InlineData("subscription 8f14e45fceea167a5a36dedd4bea2543 is inactive", "8f14e45f")]
    [InlineData("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl expired", "eyJ")]
    [InlineData("postgres://user:hunter2@db/x refused", "hunter2")]
    public void Apply_TextWithACredential_ShowsStars(string text, string secret)
    {
        string masked = SecretMask.Apply(text);
        Assert.DoesNotContain(secret, masked);
        Assert.Contains(SecretMask.Mask, masked);
    }

    [Theory]
    [InlineData("This model's maximum context length is 8192 tokens. However, you requested 10000 tokens (9000 in the messages, 1000 in the completion).")]
    [InlineData("Unsupported value: 'messages[0].role' does not support 'system' with this model.")]
    [InlineData("Rate limit reached for gpt-4o in organization org-abc on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.")]
    [InlineData("Invalid value for max_tokens: 999999, must be at most 4096")]
    [InlineData("The model `meta-llama/Llama-3.3-70B-Instruct-Turbo-2024-07-18` does not exist (request 3f1c2a34-1111-2222-3333-444455556666)")]
    [InlineData("Invalid key in response_format: expected one of type, json_schema")]
    [InlineData("Bearer authentication is required")]
    public void Apply_OrdinaryMessage_StaysAsItIs(string text) => Assert.Equal(text, SecretMask.Apply(text));

    [Fact]
    public void Apply_KnownSecret_IsCutOutWhateverItLooksLike()
    {
        Assert.Equal("the word *** was refused", SecretMask.Apply("the word swordfish was refused", ["swordfish"]));
        Assert.Equal("a b c", SecretMask.Apply("a b c", ["a", ""]));
    }

    [Fact]
    public void Apply_HostileText_ComesBackSoon()
    {
        string text = string.Concat(Enumerable.Repeat("key token key=a_b-c://", 5000)) + new string('a', 60_000);
        Assert.NotEmpty(SecretMask.Apply(text));
    }
}
