using System.Text;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Pipeline;
using LlmProxy.Tokens;

namespace LlmProxy.Tests.Conversation.Shortening;

public sealed class PromptSizeTests
{
    [Theory]
    [InlineData("The quick brown fox jumps over the lazy dog, and then it sleeps in the warm afternoon sun for a while.")]
    [InlineData("Der schnelle braune Fuchs springt über den faulen Hund und schläft danach in der warmen Nachmittagssonne.")]
    [InlineData("敏捷的棕色狐狸跳过了懒狗,然后在温暖的午后阳光下睡了一会儿。")]
    [InlineData("Быстрая коричневая лиса перепрыгивает через ленивую собаку и потом спит на тёплом солнце.")]
    [InlineData("public static long Estimate(ReadOnlySpan<byte> json) { long tokens = 0; return tokens; }")]
    public void Estimate_Text_IsNearTheCount(string text)
    {
        string many = string.Concat(Enumerable.Repeat(text + " ", 20));
        long counted = TokenCounter.Count(Encoding.UTF8.GetBytes(many), "gpt-4o");

        long estimated = PromptSize.Estimate(Encoding.UTF8.GetBytes($"\"{many}\""));

        Assert.InRange(estimated, counted * 0.6, counted * 2.2);
    }

    [Fact]
    public void Estimate_Picture_IsNotItsBytes()
    {
        string picture = Convert.ToBase64String(new byte[600_000]);

        Assert.InRange(PromptSize.Estimate(Encoding.UTF8.GetBytes($$"""{"url":"data:image/png;base64,{{picture}}"}""")), 500, 1500);
        Assert.InRange(PromptSize.Estimate(Encoding.UTF8.GetBytes($$"""{"data":"{{picture}}"}""")), 500, 1500);
    }

    [Fact]
    public void Estimate_WishesAndModel_AreNoPrompt()
    {
        Exchange plain = Turns.Exchange("""{"model":"m","messages":[{"role":"user","content":"Hi"}]}""");
        Exchange wishing = Turns.Exchange("""{"model":"a-model-with-a-very-long-name-indeed","llm":{"tags":["one","two","three","four","five"]},"messages":[{"role":"user","content":"Hi"}]}""");

        Assert.Equal(PromptSize.Estimate(plain), PromptSize.Estimate(wishing));
    }
}
