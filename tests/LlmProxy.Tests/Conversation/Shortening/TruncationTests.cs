using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using static LlmProxy.Tests.Conversation.Shortening.LongTalk;

namespace LlmProxy.Tests.Conversation.Shortening;

/// <summary>What goes when a conversation is too long, and what stays.</summary>
public sealed class TruncationTests
{
    [Fact]
    public void TryFit_LongConversation_LosesItsOldestTurns()
    {
        Exchange exchange = Chat(Said("system", "S"), Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"), Said("assistant", "a2"), Said("user", "u3"));

        Assert.True(Truncation.TryFit(exchange, 500, 0));

        Assert.Equal("S u2 a2 u3", Left(exchange));
        Assert.Equal(2, exchange.TruncatedMessages);
    }

    [Fact]
    public void TryFit_ThatFits_CutsNothing()
    {
        Exchange exchange = Chat(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));

        Assert.False(Truncation.TryFit(exchange, 10_000, 1000));

        Assert.Equal(0, exchange.TruncatedMessages);
    }

    [Fact]
    public void TryFit_ReserveForTheAnswer_CountsAgainstTheWindow()
    {
        Exchange exchange = Chat(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));

        Assert.True(Truncation.TryFit(exchange, 500, 250));

        Assert.Equal("u2", Left(exchange));
    }

    [Fact]
    public void TryFit_InstructionsInTheMiddle_AreKept()
    {
        Exchange exchange = Chat(Said("user", "u1"), Said("developer", "D"), Said("assistant", "a1"), Said("system", "S"), Said("user", "u2"));

        Truncation.TryFit(exchange, 300, 0);

        Assert.Equal("D S u2", Left(exchange));
    }

    [Fact]
    public void TryFit_NothingFits_KeepsInstructionsAndTheLastWords()
    {
        Exchange exchange = Chat(Said("system", "S"), Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));

        Assert.True(Truncation.TryFit(exchange, 10, 0));
        Assert.Equal("S u2", Left(exchange));
        Assert.False(Truncation.TryFit(exchange, 10, 0));
    }

    [Fact]
    public void TryFit_ToolRoundsOfAnOldTurn_GoTogetherWithTheirResults()
    {
        Exchange exchange = Chat(Said("user", "u1"), Call("c1"), Result("c1"), Call("c2"), Result("c2"), Said("assistant", "a1"), Said("user", "u2"));

        Truncation.TryFit(exchange, 650, 0);
        Assert.Equal("u1 c2 of-c2 a1 u2", Left(exchange));

        Truncation.TryFit(exchange, 400, 0);
        Assert.Equal("u1 a1 u2", Left(exchange));

        Truncation.TryFit(exchange, 250, 0);
        Assert.Equal("u2", Left(exchange));
    }

    [Fact]
    public void TryFit_AgentWithOneQuestion_KeepsTheQuestionAndTheLastRound()
    {
        Exchange exchange = Chat(Said("system", "S"), Said("user", "u1"), Call("c1"), Result("c1"), Call("c2"), Result("c2"), Call("c3"), Result("c3"));

        Truncation.TryFit(exchange, 10, 0);

        Assert.Equal("S u1 c3 of-c3", Left(exchange));
    }

    [Fact]
    public void TryFit_ResultThatComesLate_StaysWithItsCall()
    {
        Exchange exchange = Chat(Said("user", "u1"), Call("c1"), Call("c2"), Result("c2"), Said("assistant", "a"), Result("c1"), Said("assistant", "b"), Said("user", "u2"));

        Truncation.TryFit(exchange, 500, 0);

        Assert.Equal("u1 b u2", Left(exchange));
    }

    [Fact]
    public void TryFit_NoUserAtAll_KeepsTheEnd()
    {
        Exchange exchange = Chat(Call("c1"), Result("c1"), Call("c2"), Result("c2"));

        Truncation.TryFit(exchange, 10, 0);

        Assert.Equal("c2 of-c2", Left(exchange));
    }

    [Fact]
    public void TryFit_AnthropicsBlocks_KeepToolUseAndResultTogether()
    {
        string pad = new('x', 400);
        Exchange exchange = Turns.Exchange(
            $$$"""
            {"model":"m","max_tokens":10,"system":"S {{{pad}}}","messages":[
              {"role":"user","content":"u1 {{{pad}}}"},
              {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{"a":"{{{pad}}}"}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"{{{pad}}}"}]},
              {"role":"assistant","content":"a1 {{{pad}}}"},
              {"role":"user","content":"u2 {{{pad}}}"},
              {"role":"assistant","content":[{"type":"tool_use","id":"t2","name":"f","input":{"a":"{{{pad}}}"}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","content":"{{{pad}}}"}]}]}
            """,
            EndpointKind.Messages);

        Truncation.TryFit(exchange, 700, 0);
        Assert.Equal("u1 a1 u2 t2 t2", Left(exchange));

        Truncation.TryFit(exchange, 10, 0);
        Assert.Equal("u2 t2 t2", Left(exchange));
        Assert.StartsWith("S ", JsonNode.Parse(exchange.Body!.Span)!["system"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TryFit_ResponsesItems_KeepReasoningCallsAndOutputsTogether()
    {
        string pad = new('x', 400);
        Exchange exchange = Turns.Exchange(
            $$"""
            {"model":"m","instructions":"I","input":[
              {"role":"user","content":"u1 {{pad}}"},
              {"type":"reasoning","id":"r1","summary":[{"text":"r1 {{pad}}"}]},
              {"type":"function_call","call_id":"c1","name":"f","arguments":"c1 {{pad}}"},
              {"type":"function_call_output","call_id":"c1","output":"o1 {{pad}}"},
              {"type":"message","role":"assistant","content":"a1 {{pad}}"},
              {"type":"message","role":"user","content":"u2 {{pad}}"}]}
            """,
            EndpointKind.Responses);

        Truncation.TryFit(exchange, 500, 0);
        Assert.Equal("u1 a1 u2", Left(exchange, "input"));

        Truncation.TryFit(exchange, 10, 0);
        Assert.Equal("u2", Left(exchange, "input"));
    }

    [Fact]
    public void TryFit_ResponsesText_HasNothingToCut()
    {
        Exchange exchange = Turns.Exchange($$"""{"model":"m","input":"{{new string('x', 4000)}}"}""", EndpointKind.Responses);

        Assert.False(Truncation.TryFit(exchange, 10, 0));
    }

    [Fact]
    public void TryFit_EverythingElse_StaysByteForByte()
    {
        const string Before = "{ \"temperature\" : 1.0e0,\r\n\"messages\" : [\n  ";
        const string Between = " ,\n\t";
        const string After = " ] , \"model\":\"m\\u006d\", \"x\":[1, 2 ]}\n";
        string system = Said("system", "S");
        string last = "{ \"content\" : \"ü\\u00e4\", \"role\":\"user\" }";
        Exchange exchange = Turns.Exchange(Before + string.Join(Between, system, Said("user", "u1"), Said("assistant", "a1"), last) + After);

        Assert.True(Truncation.TryFit(exchange, 120, 0));

        Assert.Equal(Before + system + Between + last + After, Encoding.UTF8.GetString(exchange.Body!.Span));
    }

    [Fact]
    public void TryFit_FirstMessagesGo_TakeTheCommaBehindThem()
    {
        Exchange exchange = Turns.Exchange($$"""{"messages":[ {{Said("user", "u1")}} , {{Said("assistant", "a1")}} , {"role":"user","content":"b"} ]}""");

        Truncation.TryFit(exchange, 20, 0);

        Assert.Equal("""{"messages":[ {"role":"user","content":"b"} ]}""", Encoding.UTF8.GetString(exchange.Body!.Span));
    }

    [Fact]
    public void TryFit_RequestReadBefore_IsReadAgain()
    {
        Exchange exchange = Chat(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));
        Assert.Equal(3, exchange.ReadChat().Messages.Count);

        Truncation.TryFit(exchange, 10, 0);

        Assert.Single(exchange.ReadChat().Messages);
    }

    [Fact]
    public void Memory_OfBothBodies_IsGivenBackAtTheEnd()
    {
        Exchange exchange = Chat(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));
        Truncation.TryFit(exchange, 10, 0);
        Assert.True(exchange.Budget.Taken > 0);

        exchange.LetGo();

        Assert.Equal(0, exchange.Budget.Taken);
    }

    [Fact]
    public void TryFit_NoMemoryForTheShorterBody_LeavesTheLongOne()
    {
        Exchange exchange = Chat(Said("user", "u1"), Said("assistant", "a1"), Said("user", "u2"));
        exchange.Budget.SetLimit(exchange.Budget.Taken);

        Assert.False(Truncation.TryFit(exchange, 10, 0));

        Assert.Equal("u1 a1 u2", Left(exchange));
    }

    /// <summary>Whatever is cut from whatever conversation: what must stay stays, and no result is left without its call.</summary>
    [Fact]
    public void TryFit_RandomConversations_KeepWhatBelongsTogether()
    {
        var random = new Random(20261121);
        for (int round = 0; round < 2000; round++)
        {
            var messages = new List<string>();
            int calls = 0;
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                switch (random.Next(4))
                {
                    case 0:
                        messages.Add(Said("system", "S" + i));
                        break;
                    case 1:
                        messages.Add(Said("assistant", "a" + i));
                        break;
                    case 2:
                        string id = $"c{calls++}";
                        messages.AddRange([Call(id), Result(id)]);
                        break;
                    default:
                        messages.Add(Said("user", "u" + i));
                        break;
                }
            }

            Exchange exchange = Chat([.. messages]);
            string[] all = Left(exchange).Split(' ');

            Truncation.TryFit(exchange, random.Next(10, 1200), 0);

            string[] left = Left(exchange).Split(' ');
            Assert.Equal(all.Where(m => m[0] == 'S'), left.Where(m => m[0] == 'S'));
            Assert.Equal(all.LastOrDefault(m => m[0] == 'u'), left.LastOrDefault(m => m[0] == 'u'));
            Assert.Equal(left.Where(m => m[0] == 'c').Select(m => "of-" + m), left.Where(m => m[0] == 'o'));
            Assert.Equal(all.Length - left.Length, exchange.TruncatedMessages);
            Assert.Equal(left, all.Where(left.Contains));
            exchange.LetGo();
        }
    }
}
