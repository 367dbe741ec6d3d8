using LlmProxy.Hosting;

return args is ["healthcheck", ..] ? await HealthCheckCommand.RunAsync(args) : await GatewayHost.RunAsync(args);
