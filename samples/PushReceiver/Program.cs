using SipPush.Samples;
using SipPush.Samples.PushReceiver;

return await ReceiverProgram.RunAsync(args, Console.Out, Console.Error, Shutdown.Token());
