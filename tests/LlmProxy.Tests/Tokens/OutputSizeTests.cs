using System.Text;
using LlmProxy.Tokens;

namespace LlmProxy.Tests.Tokens;

public sealed class OutputSizeTests
{
    [Theory]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"abcdefgh"}}]}""", 2)]
    [InlineData("""{"content":[{"type":"text","text":"abcdefgh"},{"type":"tool_use","name":"f","input":{}}]}""", 2)]
    [InlineData("""{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}}]}}]}""", 3)]
    [InlineData("""{"model":"llama","response":"abcd","done":true}""", 1)]
    [InlineData("""{"id":"a very long name that is no text of the answer"}""", 0)]
    [InlineData("""{"choices":[{"message":{"content":"abcdefgh""", 0)]
    public void Estimate_OfAnAnswer_CountsItsTextsAlone(string answer, long tokens) =>
        Assert.Equal(tokens, OutputSize.Estimate(Encoding.UTF8.GetBytes(answer)));
}
